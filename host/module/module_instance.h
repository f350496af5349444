// SPDX-License-Identifier: Apache-2.0
//
// ModuleInstance: one generation of one configured module, from its file to the proof that its code
// is no longer mapped.
//
//   Create --> created --Start--> started --Drain--> draining --Unload--> unloaded
//      |          \-----------------------------------------Unload--/ \-> retained
//      \--failure: unloaded inside
//
// Unload goes through two gates. Nothing of the module runs destroy before its calls and posted
// work are over (quiet). After destroy its timers are cancelled, its threads are waited for and
// joined, and the host must have let go of its memory; then fini and dlclose, and a look at the
// linker's list tells whether the mapping is really gone. A gate that does not open in time makes
// the instance retained: it stays mapped, its host functions answer MH_GONE, and the report names
// what it holds. That costs memory; unmapping code that may still run would cost the process.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "host/config/config.h"
#include "host/module/call_context.h"
#include "host/module/config_tree.h"
#include "host/module/handles.h"
#include "host/module/module_library.h"
#include "host/module/module_metrics.h"
#include "host/module/module_thread.h"
#include "host/module/registration.h"
#include "host/telemetry/log.h"
#include "host/telemetry/registry.h"
#include "meshhost/abi/state.h"

namespace meshhost {

class StateRecords;

// Where changes of grpc.health.v1 states go. Any thread; must not call back.
class HealthSink {
 public:
  virtual ~HealthSink() = default;
  virtual void SetServing(std::string_view module, std::string_view service, bool serving) = 0;
};

// What an instance needs of the host. All outlive it. Plain value.
struct ModuleEnvironment {
  Registry& metrics;
  Log& log;
  HealthSink& health;
  std::string run_directory;
  std::uint32_t workers = 1;
  std::size_t call_high_mark = 256 * 1024;  // bytes per call that wait for the worker
};

// Owned by the runtime. Control thread, except where a function says otherwise.
class ModuleInstance final : public ::mh_instance, public MisbehaviourSink {
 public:
  // Checks and maps the file; nothing else of the module has run. `claims` outlives Start.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ModuleInstance>> Load(
      const ModuleConfig& config, std::uint64_t generation, const ModuleEnvironment& environment,
      Claims& claims);
  [[nodiscard]] absl::Status RunCreate();
  // Both, and unloads it when the second fails. The error names the module and the step; nothing is
  // left behind.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ModuleInstance>> Create(
      const ModuleConfig& config, std::uint64_t generation, const ModuleEnvironment& environment,
      Claims& claims);
  // For a process that ends soon: the serialized descriptors that the module registers in create,
  // even when create fails later on. The module stays loaded.
  [[nodiscard]] static absl::StatusOr<std::string> TrialSchema(
      const ModuleConfig& config, const ModuleEnvironment& environment);
  // Must be unloaded or abandoned.
  ~ModuleInstance() override;

  // Between create and start: gives this instance the state of an earlier one of the same module,
  // whose calls may go on meanwhile (mh.state/1). Where either of the two has none, where the
  // format does not fit, or where the old one fails to save, this one starts empty and the log says
  // why. An error: this one failed to take what it said it could.
  [[nodiscard]] absl::Status HandOver(ModuleInstance& old);
  [[nodiscard]] absl::Status Start();
  // Unimplemented: the module wants a new instance for new settings. On any error it goes on with
  // those of before.
  [[nodiscard]] absl::Status Reconfigure(const std::string& config_json);
  // deadline_ns: monotonic.
  void Drain(std::uint64_t deadline_ns);

  // What it says of its services' health reaches the HealthSink from now on (true), or no longer:
  // only the instance that serves speaks for its module.
  void SpeakForModule(bool speaks) { speaks_.store(speaks, std::memory_order_release); }

  // Neither calls nor posted work: Unload may begin. Any thread.
  bool quiet() const;
  // "2 calls, 1 thread"; empty when nothing. Any thread.
  std::string Holding() const;

  struct Unloaded {
    bool unmapped = false;
    std::string retained_by;  // why not
  };
  // Takes at most `patience` for each gate. Once.
  [[nodiscard]] Unloaded Unload(std::chrono::nanoseconds patience);
  // Gives up memory on purpose, for an instance that stays mapped when the process ends.
  static void Abandon(std::unique_ptr<ModuleInstance> instance);

  const std::string& name() const { return name_; }
  std::uint64_t generation() const { return mark_.generation; }
  const ModuleReport& report() const { return library_->report(); }
  // Of the file that it was loaded from, in lower-case hex.
  const std::string& file_sha256() const { return library_->report().sha256; }
  // The copy of its file that is mapped, there until it is unmapped.
  const std::string& private_copy() const { return library_->copy_path(); }
  const Registration& registration() const { return registration_; }
  std::uint64_t overruns() const { return overruns_.load(std::memory_order_relaxed); }
  std::uint64_t exceptions() const { return exceptions_.load(std::memory_order_relaxed); }
  const InstanceCounts& counts() const { return counts_; }
  // What the module said about its services so far; those not in it serve.
  std::map<std::string, bool> health() const;

  // ---- Host side of the ABI (host_tables.h). Any thread.
  bool gone() const { return context_.gone.load(std::memory_order_acquire); }
  // Inside create or start, on their thread?
  bool may_register() const;
  Registration& mutable_registration() { return registration_; }
  ModuleMetrics& metrics() { return metrics_; }
  const ConfigTree& config() const { return *config_.load(std::memory_order_acquire); }
  ModuleThreads& threads() { return threads_; }
  ModulePool& pool() { return pool_; }
  LentBlocks& blocks() { return counts_.blocks; }
  mh_rc Post(void (*fn)(void*), void* arg);
  Log& log() { return log_; }
  void WriteLog(LogLevel level, std::string_view text, std::span<const mh_kv> fields);
  void SetHealth(std::string_view service, bool serving);

  void OnException(std::string_view where) override;
  void OnOverrun(std::string_view method, std::uint64_t elapsed_ns) override;

 private:
  enum class Phase { kNew, kCreated, kStarted, kDraining, kUnloaded, kRetained };
  struct PostedTask;

  ModuleInstance(const ModuleConfig& config, std::uint64_t generation,
                 const ModuleEnvironment& environment, std::unique_ptr<ModuleLibrary> library,
                 Claims& claims);

  // Calls one lifecycle function of the module; reports how long it took if too long.
  absl::Status Step(std::string_view step, std::chrono::nanoseconds limit,
                    absl::FunctionRef<mh_rc(mh_err*)> fn);
  const ConfigTree& AddConfig(std::string_view config_json);
  // mh.state/1 of the module, zero where it has none.
  mh_state_1 StateTable();
  bool SaveState(const mh_state_1& table, StateRecords& records);
  absl::Status LoadState(const mh_state_1& table, const StateRecords& records,
                         std::uint32_t format);
  void Destroy();
  bool WaitFor(bool (ModuleInstance::*reached)() const, std::chrono::nanoseconds patience);
  bool Released() const;
  std::size_t StrayThreads() const;
  bool HasNoStrayThreads() const;
  Unloaded Retain();

  const std::string name_;
  const ModuleConfig settings_;
  const CrossingMark mark_;
  Log& log_;
  HealthSink& health_sink_;
  std::unique_ptr<ModuleLibrary> library_;
  InstanceCounts counts_;
  ModulePool pool_;
  ModuleThreads threads_;
  // Kept until the end: the module may hold texts of settings that were replaced.
  std::vector<std::unique_ptr<const ConfigTree>> configs_;
  std::atomic<const ConfigTree*> config_;
  ModuleMetrics metrics_;
  CallContext context_;
  Registration registration_;
  void* ud_ = nullptr;
  Phase phase_ = Phase::kNew;
  std::atomic<std::thread::id> registering_{};  // who runs create or start
  std::atomic<bool> speaks_{false};
  std::atomic<std::uint64_t> overruns_{0};
  std::atomic<std::uint64_t> exceptions_{0};
  mutable absl::Mutex health_mutex_;
  std::map<std::string, bool> health_ ABSL_GUARDED_BY(health_mutex_);
};

}  // namespace meshhost
