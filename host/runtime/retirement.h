// SPDX-License-Identifier: Apache-2.0
//
// Retirement: how deployments that no generation serves any more go away.
//
//   retired --its module serves on--> its calls finish in their own time
//      \--its module is gone--> reload.stream_grace --> streams told (WebSocket 1012)
//           --> drain.timeout --> ended (UNAVAILABLE)
//   the last call has ended --> destroyed; the last deployment of an instance unloads it
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "host/runtime/generation.h"
#include "host/runtime/serving_worker.h"

namespace meshhost {

// Owned by the Host; control thread.
class Retirement final {
 public:
  // `workers` outlive it, and run until it is destroyed or Forget was called.
  Retirement(boost::asio::io_context& control,
             const std::vector<std::unique_ptr<ServingWorker>>& workers);
  ~Retirement();

  // `old` serves no more; `next` does. Takes care of those deployments of `old` that `next` does
  // not have. No worker may look things up in `old` any more.
  void Retire(std::unique_ptr<Generation> old, const Generation& next);

  // Deployments whose calls have not ended.
  size_t size() const { return retired_.size(); }
  // Instances of a module that are still mapped for them, other than those of `current`.
  size_t Instances(std::string_view module, const Generation& current) const;
  // Calls that are open on them.
  uint64_t calls() const;
  // The host goes away: tells open calls, or ends them.
  void Drain();
  void AbortCalls();
  // The workers have ended: nothing is waited for any more.
  void Forget();

 private:
  struct Retired;

  void Add(DeploymentRef deployment);
  void OnEnded(uint64_t id);
  // Runs `task` on each worker with its CallList; `retired` stays until it has.
  template <typename Task>
  void RunOnWorkers(Retired& retired, const Task& task);
  // Its module's code is to go: ends its streams.
  void Expel(Retired& retired, const Config& config);
  void TellStreams(uint64_t id, std::chrono::nanoseconds patience);
  void OnDeadline(uint64_t id);

  boost::asio::io_context& control_;
  const std::vector<std::unique_ptr<ServingWorker>>& workers_;
  std::map<uint64_t, std::unique_ptr<Retired>> retired_;
  uint64_t last_id_ = 0;
};

}  // namespace meshhost
