// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "host/http/session_factory.h"
#include "host/net/acceptor.h"
#include "host/net/worker.h"
#include "host/runtime/generation_dispatcher.h"

namespace meshhost {

// One worker with all that serves on it. Owned by the Host. Before Start and after StopAndJoin
// everything belongs to the control thread; in between to the worker (Run), except where a function
// says otherwise.
class ServingWorker final {
 public:
  explicit ServingWorker(uint32_t index);
  ~ServingWorker();

  Worker& worker() { return worker_; }
  const Worker& worker() const { return worker_; }
  const SessionFactory& sessions() const { return sessions_; }

  // Control thread: runs `work` on the worker; at once while it is not started.
  void Run(std::function<void()> work);

  // New calls are served by these from now on; nothing of what was published before is used any
  // more when it returns. The settings are copied.
  void Publish(const Directory& current, const Directory& refusing, const HttpSettings& http,
               const GrpcSettings& grpc);
  void AddListener(UniqueFd socket, std::shared_ptr<const AcceptorSettings> settings);
  void UpdateListener(std::shared_ptr<const AcceptorSettings> settings);
  // Accepts no more by it; its connections end once their requests have.
  void RemoveListener(uint64_t id);
  void StopAccepting();
  // Accepts no more; what waits is left to the process that has the sockets, too.
  void LeaveListeners();
  // Duplicates of the listening sockets, with the listener's id.
  std::vector<std::pair<uint64_t, UniqueFd>> ListeningSockets() const;
  // Connections end once their requests have; idle ones may send one more.
  void DrainGently() { sessions_.DrainGently(); }
  // Connections end once their requests have; new ones are served and told to go at once.
  void DrainSessions() { sessions_.Drain(); }

  // Control thread.
  void Start();
  // Closes what connections are left and ends the thread.
  void StopAndJoin();

 private:
  Worker worker_;
  HttpSettings http_;
  GrpcSettings grpc_;
  GenerationDispatcher dispatcher_;
  SessionFactory sessions_;
  std::multimap<uint64_t, std::unique_ptr<Acceptor>> acceptors_;  // by the listener's id
  bool started_ = false;
};

}  // namespace meshhost
