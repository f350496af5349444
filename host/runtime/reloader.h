// SPDX-License-Identifier: Apache-2.0
//
// Reloader: when the configuration changes, or the whole process. SIGHUP, SIGUSR2, the admin
// server, the subcommands and files that are watched all come here; a reload that is asked for
// during another is done once more after it. A reload and an upgrade exclude each other.
//
//   idle --Reload--> prepared --commit--> workers change --> retire what is dropped --> idle
//     ^                 | error: nothing has changed               | with confirm
//     |                 v                                          v
//     \---------------- idle           unconfirmed --Confirm--> retire --> idle
//                                          \--time is up, RollBack, doing worse--> commit the one
//                                             before, retire this one --> idle
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/admin/admin_operations.h"
#include "host/runtime/binary_upgrade.h"
#include "host/runtime/file_watch.h"
#include "host/runtime/host.h"
#include "host/runtime/service_notifier.h"
#include "host/runtime/vitals.h"

namespace meshhost {

// Control thread, except for AdminOperations. Outlives the admin server.
class Reloader final : public AdminOperations {
 public:
  // `first`: what the host starts with.
  Reloader(boost::asio::io_context& control, const Config& first, const ServiceNotifier& notifier);

  // Before the host starts.
  void Attach(Host& host) { host_ = &host; }
  void Attach(BinaryUpgrade& upgrade) { upgrade_ = &upgrade; }
  // SIGHUP.
  void Request();
  // SIGUSR2.
  void RequestUpgrade();
  // The host stops: keeps what serves, answers what waits, takes nothing more.
  void Stop();

  // AdminOperations.
  OperationResult Plan() override;
  OperationResult Reload(std::chrono::nanoseconds confirm) override;
  OperationResult Confirm() override;
  OperationResult RollBack() override;
  OperationResult Upgrade() override;

 private:
  using Done = std::function<void(OperationResult)>;
  struct Wish {
    std::chrono::nanoseconds confirm{0};
    Done done;
  };

  // Admin threads: runs `operation` on the control thread and waits for what it gives to Done.
  OperationResult OnControl(std::function<void(Done)> operation);

  void BeginUpgrade(const Done& done);
  void Begin(Wish wish);
  void Refuse(const absl::Status& error, const Wish& wish);
  absl::StatusOr<std::string> Change(Wish& wish);
  void OnSwitched(std::unique_ptr<Generation> before, const Wish& wish, const std::string& plan);
  void BeginNext();
  void Watch(const Config& config);
  void AwaitConfirmation(std::chrono::nanoseconds confirm);
  void OnConfirmTick();
  void Keep();
  void GoBack(const std::string& why, const Done& done);
  void RetryLater();

  boost::asio::io_context& control_;
  const std::string file_;
  const ServiceNotifier& notifier_;
  Host* host_ = nullptr;
  BinaryUpgrade* upgrade_ = nullptr;
  bool busy_ = false;
  std::vector<Wish> waiting_;
  std::atomic<bool> stopped_{false};

  // What served before, while the current generation waits for its confirmation.
  std::unique_ptr<Generation> before_;
  std::chrono::steady_clock::time_point confirm_until_;
  boost::asio::steady_timer confirm_timer_;
  Vitals began_;                      // when the current generation began to serve
  std::optional<Vitals::Rates> was_;  // how the one before did
  int not_ready_ = 0;                 // checks in a row

  boost::asio::steady_timer retry_timer_;
  int retries_ = 0;
  FileWatch files_;
};

}  // namespace meshhost
