// SPDX-License-Identifier: Apache-2.0
//
// Host: the composition root. Builds everything that a configuration asks for, serves, and takes it
// down again. Start is all or nothing: whatever fails, what was built before is gone when the error
// is returned.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "host/admin/admin_server.h"
#include "host/config/config.h"
#include "host/runtime/bound_listeners.h"
#include "host/runtime/certificate_watch.h"
#include "host/runtime/generation.h"
#include "host/runtime/host_state.h"
#include "host/runtime/module_set.h"
#include "host/runtime/serving_worker.h"
#include "host/telemetry/access_log.h"
#include "host/telemetry/async_log.h"
#include "host/telemetry/registry.h"

namespace meshhost {

// Lives on the control thread (the main thread).
class Host final {
 public:
  // Everything that can fail but touches nobody: logs, certificates, modules, tables. What `check`
  // does, and the first half of a start.
  static absl::StatusOr<std::unique_ptr<Host>> Prepare(std::shared_ptr<const Config> config);
  ~Host();

  // Binds, starts modules, admin and workers.
  absl::Status Start();

  // ---- Stopping, in this order (StopSequence decides when).
  void BeginDraining();
  void StopAccepting();
  void DrainSessions(uint64_t deadline_ns);
  // Ends open calls toward their peers.
  void AbortCalls();
  // All connections are closed and all calls over.
  bool Drained() const;
  // Ends what is left, stops workers, unloads modules. False: code of a module may still run.
  bool Shutdown();
  // Writes out what the logs hold; nothing is logged afterwards.
  void CloseLogs();

  void ReopenLogs();
  void AskHeartbeats();
  Log& log() { return *log_; }
  const Config& config() const { return *config_; }

 private:
  explicit Host(std::shared_ptr<const Config> config);
  absl::Status Build();
  absl::Status AddMetrics();
  absl::Status WatchCertificates();
  void StartWorkers(std::vector<BoundListener> listeners);

  const std::shared_ptr<const Config> config_;
  const HttpSettings http_settings_;
  const GrpcSettings grpc_settings_;
  std::unique_ptr<AsyncLog> log_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<Registry> metrics_;
  HostState state_;
  std::vector<std::shared_ptr<const TlsContext>> certificates_;
  std::unique_ptr<CertificateWatch> certificate_watch_;
  ModuleSet modules_;
  std::unique_ptr<Generation> generation_;
  std::vector<std::unique_ptr<ServingWorker>> workers_;
  std::vector<std::unique_ptr<Heartbeat>> heartbeats_;
  std::unique_ptr<AdminServer> admin_;
  std::vector<SocketFile> socket_files_;
  bool retiring_ = false;
};

}  // namespace meshhost
