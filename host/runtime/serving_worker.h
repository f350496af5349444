// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "host/http/session_factory.h"
#include "host/net/acceptor.h"
#include "host/net/worker.h"
#include "host/runtime/generation_dispatcher.h"

namespace meshhost {

// One worker with all that serves on it. Owned by the Host. Before Start and after Join everything
// belongs to the control thread; in between, functions post to the worker unless they say
// otherwise.
class ServingWorker final {
 public:
  ServingWorker(uint32_t index, const HttpSettings& http, const GrpcSettings& grpc);
  ~ServingWorker();

  Worker& worker() { return worker_; }
  const Worker& worker() const { return worker_; }
  const SessionFactory& sessions() const { return sessions_; }

  // Before Start.
  void AddListener(UniqueFd socket, std::shared_ptr<const AcceptorSettings> settings);
  void Publish(const Directory& current, const Directory& refusing);

  void Start();
  void StopAccepting();
  // Sessions go away gracefully, open calls are told.
  void DrainSessions();
  // Ends open calls toward their peers.
  void AbortCalls();
  // Counts down to idle() once all calls of the snapshots have ended.
  void RetireSnapshots();
  // Any thread: every call that began here has ended.
  bool idle() const { return unretired_.load(std::memory_order_acquire) == 0; }
  // Closes what connections are left and ends the thread.
  void StopAndJoin();

 private:
  void RunOnWorker(std::function<void()> work);

  Worker worker_;
  GenerationDispatcher dispatcher_;
  SessionFactory sessions_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::unique_ptr<Snapshot> current_;
  std::unique_ptr<Snapshot> refusing_;
  std::atomic<int> unretired_{0};
  bool started_ = false;
};

}  // namespace meshhost
