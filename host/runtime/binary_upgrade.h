// SPDX-License-Identifier: Apache-2.0
//
// BinaryUpgrade: replaces the running process by one of the file that it was started from, which
// may be another by now, with the configuration as it is by now. SIGUSR2, the admin server and
// `meshhost upgrade` come here.
//
//   idle --Begin--> starting --ready--> releasing --its end is closed--> replaced: this one drains
//    ^                 |                    |
//    \--- did not start, ended, failed, ----/      (and whatever it did is undone by its end)
//         took too long
//
// The new process gets duplicates of the listening sockets, so both have the same queues: no
// connection is refused, and none is lost with the process that closes its duplicate. This one
// serves and accepts until the new one has taken over.
//
// Dropped: a socket in the file system at which any process could ask for the sockets. It needs a
// path, a check of who asks, and the operator starting the process as the service manager would.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "host/runtime/host.h"
#include "host/runtime/program.h"
#include "host/runtime/service_notifier.h"
#include "host/runtime/socket_handoff.h"

namespace meshhost {

// Control thread, on whose loop it waits.
class BinaryUpgrade final {
 public:
  using Done = std::function<void(absl::StatusOr<pid_t>)>;

  // `on_replaced`: the new process serves; this one has to go. `watchdog`: what the service manager
  // expects of the process (WatchdogSec=); 0: nothing.
  BinaryUpgrade(boost::asio::io_context& control, Program program, Host& host,
                ServiceNotifier& notifier, std::chrono::nanoseconds watchdog,
                std::function<void()> on_replaced);
  ~BinaryUpgrade();

  // Not while one is under way. `done` is called once, with the new process, or with why this one
  // serves on.
  void Begin(Done done);
  bool under_way() const { return state_ == State::kStarting || state_ == State::kReleasing; }
  // The host stops: a process that has not taken over ends.
  void Stop();

 private:
  enum class State { kIdle, kStarting, kReleasing, kReplaced };

  absl::Status Spawn(const SocketHandoff& handoff);
  std::vector<std::string> Environment() const;
  void AwaitMessage();
  void AwaitEnd();
  void AwaitTimeout();
  void OnMessage();
  void NoteFailure(std::string_view text);
  void Release();
  void TakenOver();
  void OnEnded();
  std::string EndSuccessor();
  void GiveUp(const std::string& why);
  void Forget();

  const Program program_;
  Host& host_;
  ServiceNotifier& notifier_;
  const std::chrono::nanoseconds watchdog_;
  const std::function<void()> on_replaced_;
  State state_ = State::kIdle;
  Done done_;
  pid_t pid_ = 0;         // of the process that starts; 0: none
  std::string failure_;   // what it said itself
  uint64_t attempt_ = 0;  // what was awaited for an earlier one does not count
  boost::asio::posix::stream_descriptor pair_;
  boost::asio::posix::stream_descriptor ended_;  // becomes readable when it has
  boost::asio::steady_timer timer_;
};

}  // namespace meshhost
