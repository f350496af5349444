// SPDX-License-Identifier: Apache-2.0
//
// Host: the composition root. Builds everything that a configuration asks for, serves, changes to
// another configuration while it serves, and takes everything down again. Start and change are all
// or nothing: whatever fails, what was built for it is gone when the error is returned.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host/admin/admin_server.h"
#include "host/config/config.h"
#include "host/filter/in_flight_limits.h"
#include "host/runtime/call_services.h"
#include "host/runtime/certificate_watch.h"
#include "host/runtime/control_pulse.h"
#include "host/runtime/generation.h"
#include "host/runtime/host_state.h"
#include "host/runtime/module_unloader.h"
#include "host/runtime/retirement.h"
#include "host/runtime/serving_worker.h"
#include "host/runtime/socket_handoff.h"
#include "host/telemetry/access_log.h"
#include "host/telemetry/async_log.h"
#include "host/telemetry/listener_metrics.h"
#include "host/telemetry/registry.h"
#include "host/telemetry/reload_metrics.h"

namespace meshhost {

// Lives on the control thread (the main thread), whose loop `control` is.
class Host final {
 public:
  // Everything that can fail but touches nobody: logs, certificates, modules, tables. What `check`
  // does, and the first half of a start.
  static absl::StatusOr<std::unique_ptr<Host>> Prepare(std::shared_ptr<const Config> config,
                                                       boost::asio::io_context& control);
  ~Host();

  // Binds what it does not inherit, starts modules, admin and workers. `operations`: what the admin
  // server may ask for. `predecessor`: where the admin server of the process that is being replaced
  // listens, or null.
  absl::Status Start(AdminOperations& operations, InheritedSockets inherited,
                     const BindAddress* predecessor = nullptr);

  // ---- Replacing one process by another (BinaryUpgrade decides when).
  // Calls `done` on the control thread with duplicates of all listening sockets.
  void CollectSockets(std::function<void(const SocketHandoff&)> done);
  // In the new one: the other has let go of what two cannot have.
  void TakeOver();
  // In the old one: the other accepts. `left` as for StopAccepting.
  void LeaveListeners(std::function<void()> left);
  // Sessions end, but nobody is disturbed who is in the middle of something or about to begin.
  void DrainGently();
  // Ends the admin server once nobody waits for its answer, or `at_once`. True: it has ended.
  bool EndAdmin(bool at_once);

  // ---- Changing the configuration, in this order (Reloader decides when).
  // Everything that can fail; touches nothing that serves.
  absl::StatusOr<std::unique_ptr<Generation>> PrepareNext(std::shared_ptr<const Config> config);
  // The same without starting, binding or changing anything, for a look at it.
  // Leaves no trace: the number of the generation is given to the next one, too.
  absl::StatusOr<std::unique_ptr<Generation>> PlanNext(std::shared_ptr<const Config> config);
  // `next` serves from now on. `switched` is called on the control thread with the generation that
  // served before, once no worker begins calls on it any more. No other change until then.
  using Switched = std::function<void(std::unique_ptr<Generation> before)>;
  void Commit(std::unique_ptr<Generation> next, Switched switched);
  // Ends what only `old` has: listeners, deployments, modules.
  void Retire(std::unique_ptr<Generation> old);
  // Gives shared modules back the settings that they had before `failed` was prepared.
  void UndoReconfiguration(const Generation& failed);
  // Any thread: inside of one of the two, which may take as long as modules do.
  bool preparing() const { return preparing_.load(std::memory_order_acquire); }
  const Generation& current() const { return *current_; }
  const Retirement& retirement() const { return *retirement_; }

  // ---- Stopping, in this order (StopSequence decides when).
  // Any thread, before the others: what PrepareNext has under way fails after its current step, and
  // so does all that comes later.
  void GiveUpPreparing();
  void BeginDraining();
  // `stopped` is called on the control thread when no worker accepts any more: from then on
  // connections only become fewer.
  void StopAccepting(std::function<void()> stopped);
  void DrainSessions(uint64_t deadline_ns);
  // Ends open calls toward their peers.
  void AbortCalls();
  // All connections are closed and all calls over.
  bool Idle() const;
  // And no new ones begin.
  bool Drained() const { return draining_sessions_ && Idle(); }
  // Ends what is left, stops workers, unloads modules. False: code of a module may still run.
  bool Shutdown();
  // Writes out what the logs hold; nothing is logged afterwards.
  void CloseLogs();

  void ReopenLogs();
  std::vector<Heartbeat*> heartbeats() const;
  ControlPulse& pulse() { return pulse_; }
  // Module files that have served long enough become those to fall back to; every second or so.
  void AdvanceQuarantine() { quarantine_->Advance(); }
  // Warns of certificates that expire soon; every hour is fitting.
  void WarnOfExpiry();
  Log& log() { return *log_; }
  Registry& metrics() { return *metrics_; }
  const ReloadCounters& reload_counters() const { return reload_counters_; }
  HostState& state() { return state_; }
  const Config& config() const { return current_->config(); }

 private:
  Host(const Config& config, boost::asio::io_context& control);
  absl::Status Build(std::shared_ptr<const Config> config);
  absl::Status AddMetrics();
  absl::Status StartAdmin(AdminOperations& operations, const BindAddress* predecessor);
  BindAddress admin_address() const;
  SocketHandoff Describe(std::vector<std::pair<uint64_t, UniqueFd>> sockets) const;
  void SetFileOwner(SocketFile::Owner owner);
  // Reads, loads and builds; neither starts nor binds. `running`: what serves, or null.
  struct Assembly {
    uint64_t number;
    const Generation* running;
    ModuleLoading::Purpose purpose = ModuleLoading::Purpose::kServe;
  };
  absl::StatusOr<std::unique_ptr<Generation>> Assemble(std::shared_ptr<const Config> config,
                                                       const Assembly& assembly,
                                                       const std::set<std::string>& replace);
  absl::Status AddListenerMetrics(const Config& config);
  class Preparation;
  absl::Status BringUp(Generation& next);
  // Unimplemented: the modules that cannot are in `replace` now.
  absl::Status Reconfigure(const Generation& next, std::set<std::string>& replace);
  absl::Status CheckLiveInstances(const Generation& next) const;
  void Apply(Generation& next);
  void Speak(const Generation& next);
  void WatchCertificates(const Generation& next);
  void PublishTo(ServingWorker& worker, size_t index, Generation& next);
  void OnUnload(const ModuleInstance& instance);
  // Runs `task` on each worker with the calls that it has open on each current deployment.
  void ForEachCallList(void (*task)(CallList&));
  void RunOnWorkers(void (ServingWorker::*task)(), std::function<void()> done);
  void LogListeners() const;
  DeploymentEnvironment deployment_environment(const Config& config);

  boost::asio::io_context& control_;
  ControlPulse pulse_;
  std::atomic<bool> preparing_{false};
  std::atomic<bool> give_up_{false};
  const uint32_t worker_count_;
  std::unique_ptr<AsyncLog> log_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<Registry> metrics_;
  ReloadCounters reload_counters_;
  HostState state_;
  ReflectionCatalog reflection_;
  InFlightLimits limits_;
  std::unique_ptr<CallServices> services_;
  std::unique_ptr<ListenerMetrics> listener_metrics_;
  std::unique_ptr<ListenerEnvironment> listening_;
  std::vector<SocketFile> dropped_files_;  // of the predecessor, which this process does not use
  std::unique_ptr<CertificateWatch> certificate_watch_;
  std::unique_ptr<Quarantine> quarantine_;
  std::unique_ptr<ModuleUnloader> unloader_;
  std::map<const ModuleInstance*, MetricOwner> module_info_;
  std::vector<std::unique_ptr<ServingWorker>> workers_;
  std::vector<std::unique_ptr<Heartbeat>> heartbeats_;
  std::unique_ptr<Retirement> retirement_;
  std::unique_ptr<Generation> current_;
  std::unique_ptr<Generation> before_;  // while workers change from it to current_
  std::unique_ptr<AdminServer> admin_;
  uint64_t last_generation_ = 0;
  bool draining_sessions_ = false;
};

}  // namespace meshhost
