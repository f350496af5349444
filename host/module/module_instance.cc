// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_instance.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "host/base/clock.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/base/units.h"
#include "host/module/host_tables.h"
#include "host/module/signal_guard.h"
#include "host/module/stray_threads.h"

namespace meshhost {
namespace {

constexpr std::chrono::milliseconds kGatePoll{1};

ModuleSource SourceOf(const ModuleConfig& config, const ModuleEnvironment& environment) {
  return {config.name, config.path.path, config.sha256, environment.run_directory,
          HostModulePolicy(config.allowed_libraries)};
}

std::string ErrorText(const mh_err& err, mh_rc rc) {
  if (err.text[0] == '\0') return Concat({"failed with code ", std::to_string(rc)});
  return std::string(err.text, strnlen(err.text, sizeof(err.text)));
}

absl::Status ToStatus(mh_rc rc, std::string_view text) {
  if (rc == MH_OK) return absl::OkStatus();
  const absl::string_view message(text.data(), text.size());
  if (rc == MH_CONFLICT) return absl::AlreadyExistsError(message);
  if (rc == MH_UNSUPPORTED) return absl::UnimplementedError(message);
  return absl::FailedPreconditionError(message);
}

}  // namespace

struct ModuleInstance::PostedTask : Task {
  PostedTask(ModuleInstance& owner, void (*function)(void*), void* argument)
      : Task([](Task* task) {
          std::unique_ptr<PostedTask> self(static_cast<PostedTask*>(task));
          const CrossingMark mark = self->instance.mark_.In("post");
          if (!Cross(mark, Crossing::kNoWorker, [&self] { self->fn(self->arg); })) {
            self->instance.OnException(mark.method);
          }
          self->instance.counts_.posted.fetch_sub(1, std::memory_order_release);
        }),
        instance(owner),
        fn(function),
        arg(argument) {}

  ModuleInstance& instance;
  void (*fn)(void*);
  void* arg;
};

ModuleInstance::ModuleInstance(const ModuleConfig& config, std::uint64_t generation,
                               const ModuleEnvironment& environment,
                               std::unique_ptr<ModuleLibrary> library, Claims& claims)
    : name_(config.name),
      settings_(config),
      mark_{name_.c_str(), "lifecycle", generation, library->report().sha256.c_str()},
      log_(environment.log),
      health_sink_(environment.health),
      library_(std::move(library)),
      counts_(environment.workers),
      pool_(
          {Concat({"m:", name_}), config.pool_threads, config.pool_queue, mark_.In("timer"), this}),
      threads_(mark_.In("thread"), counts_.threads, *this),
      config_(&AddConfig(config.config_json)),
      metrics_(environment.metrics, name_),
      context_{pool_,
               counts_,
               *this,
               static_cast<std::uint64_t>(config.callback_warn.count()),
               environment.call_high_mark,
               config.max_in_flight,
               {},
               {}},
      registration_(name_, config.hosts, mark_, context_, claims) {}

ModuleInstance::~ModuleInstance() {
  assert(phase_ == Phase::kUnloaded && "unload or abandon an instance before it dies");
}

absl::StatusOr<std::unique_ptr<ModuleInstance>> ModuleInstance::Load(
    const ModuleConfig& config, std::uint64_t generation, const ModuleEnvironment& environment,
    Claims& claims) {
  ASSIGN_OR_RETURN(std::unique_ptr<ModuleLibrary> library,
                   ModuleLibrary::Load(SourceOf(config, environment)));
  return std::unique_ptr<ModuleInstance>(
      new ModuleInstance(config, generation, environment, std::move(library), claims));
}

absl::StatusOr<std::unique_ptr<ModuleInstance>> ModuleInstance::Create(
    const ModuleConfig& config, std::uint64_t generation, const ModuleEnvironment& environment,
    Claims& claims) {
  ASSIGN_OR_RETURN(std::unique_ptr<ModuleInstance> instance,
                   Load(config, generation, environment, claims));
  absl::Status created = instance->RunCreate();
  if (created.ok()) return instance;
  const Unloaded unloaded = instance->Unload(config.stop_timeout);
  if (!unloaded.unmapped) Abandon(std::move(instance));
  return created;
}

absl::StatusOr<std::string> ModuleInstance::TrialSchema(const ModuleConfig& config,
                                                        const ModuleEnvironment& environment) {
  Claims claims;
  ASSIGN_OR_RETURN(std::unique_ptr<ModuleInstance> instance, Load(config, 1, environment, claims));
  const absl::Status created = instance->RunCreate();
  std::string schema = instance->registration_.schema().Serialize();
  Abandon(std::move(instance));
  if (schema.empty() && !created.ok()) return created;
  return schema;
}

absl::Status ModuleInstance::RunCreate() {
  const auto step = [this](mh_err* err) {
    return library_->table().create(&HostTable(), this, ToAbi(settings_.config_json), &ud_, err);
  };
  RETURN_IF_ERROR(Step("create", settings_.init_timeout, step));
  phase_ = Phase::kCreated;
  return absl::OkStatus();
}

absl::Status ModuleInstance::Start() {
  const auto start = library_->table().start;
  if (start != nullptr) {
    RETURN_IF_ERROR(Step("start", settings_.init_timeout,
                         [this, start](mh_err* err) { return start(ud_, err); }));
  }
  registration_.Close();
  phase_ = Phase::kStarted;
  return absl::OkStatus();
}

absl::Status ModuleInstance::Step(std::string_view step, std::chrono::nanoseconds limit,
                                  absl::FunctionRef<mh_rc(mh_err*)> fn) {
  mh_err err = {};
  err.size = sizeof(err);
  mh_rc rc = MH_FAILED;
  const std::uint64_t began = MonotonicNs();
  const std::string method(step);
  const CrossingMark mark = mark_.In(method.c_str());
  registering_.store(std::this_thread::get_id());
  bool returned;
  {
    SignalGuard signals;
    returned = Cross(mark, Crossing::kNoWorker, [&rc, &err, &fn] { rc = fn(&err); });
    if (signals.Restore()) {
      log_.Warn("module misbehaves: it changed signal handlers, which were restored",
                {{"module", name_}, {"step", step}});
    }
  }
  registering_.store(std::thread::id());
  const auto took = std::chrono::nanoseconds(MonotonicNs() - began);
  if (took > limit) {
    log_.Warn("module step took longer than configured", {{"module", name_},
                                                          {"step", step},
                                                          {"took_ms", took.count() / 1'000'000},
                                                          {"limit", FormatDuration(limit)}});
  }
  if (!returned) {
    OnException(step);
    rc = MH_FAILED;
  }
  return ToStatus(rc, Concat({"module \"", name_, "\": ", step, ": ", ErrorText(err, rc)}));
}

absl::Status ModuleInstance::Reconfigure(const std::string& config_json) {
  const auto reconfigure = library_->table().reconfigure;
  if (reconfigure == nullptr) {
    return absl::UnimplementedError(Concat({"module \"", name_, "\": cannot reconfigure"}));
  }
  const ConfigTree* before = config_.load();
  config_.store(&AddConfig(config_json));
  absl::Status changed = Step("reconfigure", settings_.init_timeout, [&](mh_err* err) {
    return reconfigure(ud_, ToAbi(config_json), err);
  });
  if (!changed.ok()) config_.store(before);
  return changed;
}

const ConfigTree& ModuleInstance::AddConfig(std::string_view config_json) {
  configs_.push_back(std::make_unique<const ConfigTree>(config_json));
  return *configs_.back();
}

void ModuleInstance::Drain(std::uint64_t deadline_ns) {
  phase_ = Phase::kDraining;
  const auto drain = library_->table().drain;
  if (drain == nullptr) return;
  // A module that cannot drain is unloaded all the same.
  (void)Step("drain", settings_.stop_timeout, [this, drain, deadline_ns](mh_err*) {
    drain(ud_, deadline_ns);
    return MH_OK;
  });
}

bool ModuleInstance::quiet() const {
  return counts_.calls.open() == 0 && counts_.posted.load(std::memory_order_acquire) == 0;
}

// Only a module that can start threads by itself is looked at.
std::size_t ModuleInstance::StrayThreads() const {
  const std::vector<Finding>& findings = report().findings;
  const bool can = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.rule == "import.thread";
  });
  return can ? meshhost::StrayThreads(private_copy()) : 0;
}

bool ModuleInstance::HasNoStrayThreads() const { return StrayThreads() == 0; }

bool ModuleInstance::Released() const {
  return quiet() && counts_.threads.load(std::memory_order_acquire) == 0 &&
         counts_.slices.load(std::memory_order_acquire) == 0 && counts_.blocks.held() == 0 &&
         pool_.timers() == 0;
}

std::string ModuleInstance::Holding() const {
  std::string text = counts_.ToString(pool_.timers());
  const std::size_t strays = StrayThreads();
  if (strays == 0) return text;
  if (!text.empty()) text += ", ";
  return text + Concat({std::to_string(strays), strays == 1 ? " thread" : " threads",
                        " that it started without mh.exec/1"});
}

// Polls: the last call may end on any worker, the last slice on any thread, and none of them should
// pay for telling us.
bool ModuleInstance::WaitFor(bool (ModuleInstance::*reached)() const,
                             std::chrono::nanoseconds patience) {
  const std::uint64_t until = MonotonicNs() + static_cast<std::uint64_t>(patience.count());
  while (!(this->*reached)()) {
    if (MonotonicNs() >= until) return false;
    std::this_thread::sleep_for(kGatePoll);
  }
  return true;
}

ModuleInstance::Unloaded ModuleInstance::Unload(std::chrono::nanoseconds patience) {
  if (!WaitFor(&ModuleInstance::quiet, patience)) return Retain();
  Destroy();
  pool_.CancelAllTimers();
  if (!WaitFor(&ModuleInstance::Released, patience)) return Retain();
  if (!WaitFor(&ModuleInstance::HasNoStrayThreads, patience)) return Retain();
  threads_.JoinReturned();
  pool_.Stop();
  context_.gone.store(true);
  phase_ = Phase::kUnloaded;
  Unloaded unloaded;
  unloaded.unmapped = library_->Unload();
  if (!unloaded.unmapped) {
    unloaded.retained_by = "the dynamic linker (thread-local objects or NODELETE)";
  }
  return unloaded;
}

void ModuleInstance::Destroy() {
  if (phase_ == Phase::kNew) return;  // create failed: there is nothing to destroy
  (void)Step("destroy", settings_.stop_timeout, [this](mh_err*) {
    library_->table().destroy(ud_);
    return MH_OK;
  });
}

ModuleInstance::Unloaded ModuleInstance::Retain() {
  context_.gone.store(true);
  metrics_.Close();
  phase_ = Phase::kRetained;
  std::string holding = Holding();
  library_->Retain();
  return {false, std::move(holding)};
}

void ModuleInstance::Abandon(std::unique_ptr<ModuleInstance> instance) {
  if (instance->phase_ == Phase::kUnloaded) return;
  (void)instance.release();
}

bool ModuleInstance::may_register() const {
  return registration_.open() && registering_.load() == std::this_thread::get_id();
}

mh_rc ModuleInstance::Post(void (*fn)(void*), void* arg) {
  if (gone()) return MH_GONE;
  auto task = std::make_unique<PostedTask>(*this, fn, arg);
  counts_.posted.fetch_add(1, std::memory_order_relaxed);
  if (pool_.Submit(*task, ModulePool::Admission::kBounded)) {
    (void)task.release();  // frees itself when it has run
    return MH_OK;
  }
  counts_.posted.fetch_sub(1, std::memory_order_relaxed);
  return MH_AGAIN;
}

void ModuleInstance::WriteLog(LogLevel level, std::string_view text,
                              std::span<const mh_kv> fields) {
  absl::InlinedVector<LogField, 8> all;
  all.emplace_back("module", name_);
  all.emplace_back("generation", generation());
  for (const mh_kv& field : fields) all.emplace_back(ToView(field.key), ToView(field.value));
  log_.Write(level, text, {all.data(), all.size()});
}

void ModuleInstance::SetHealth(std::string_view service, bool serving) {
  {
    absl::MutexLock lock(&health_mutex_);
    health_.insert_or_assign(std::string(service), serving);
  }
  if (speaks_.load(std::memory_order_acquire)) health_sink_.SetServing(name_, service, serving);
}

std::map<std::string, bool> ModuleInstance::health() const {
  absl::MutexLock lock(&health_mutex_);
  return health_;
}

void ModuleInstance::OnException(std::string_view where) {
  exceptions_.fetch_add(1, std::memory_order_relaxed);
  log_.Error("module misbehaves: an exception left its code",
             {{"module", name_}, {"generation", generation()}, {"method", where}});
}

void ModuleInstance::OnOverrun(std::string_view method, std::uint64_t elapsed_ns) {
  overruns_.fetch_add(1, std::memory_order_relaxed);
  log_.Warn("inline handler blocked its worker",
            {{"module", name_}, {"method", method}, {"took_ms", elapsed_ns / 1'000'000}});
}

}  // namespace meshhost
