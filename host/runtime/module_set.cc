// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/module_set.h"

#include <optional>
#include <tuple>
#include <utility>

#include "host/base/status_macros.h"
#include "host/config/config_error.h"
#include "host/module/module_bytes.h"
#include "host/module/preflight.h"

namespace meshhost {
namespace {

// The settings that an instance is created with and cannot change.
auto Fixed(const ModuleConfig& module) {
  return std::tie(module.pool_threads, module.pool_queue, module.max_in_flight,
                  module.allowed_libraries, module.hosts, module.init_timeout, module.stop_timeout,
                  module.callback_warn);
}

bool SameFile(const ModuleConfig& module, const ModuleInstance& instance) {
  if (!module.sha256.empty() && module.sha256 != instance.file_sha256()) return false;
  const auto file = ReadModuleBytes(module.path.path);
  return file.ok() && Sha256Hex(file->bytes) == instance.file_sha256();
}

absl::Status CheckWanted(const std::atomic<bool>& give_up) {
  if (!give_up.load(std::memory_order_acquire)) return absl::OkStatus();
  return absl::CancelledError("the host is stopping");
}

}  // namespace

// Later modules first: they may use what earlier ones set up.
ModuleSet::~ModuleSet() {
  while (!entries_.empty()) entries_.pop_back();
}

std::vector<ModuleSet::Plan> ModuleSet::PlanAll(const Config& config, const ModuleLoading& loading,
                                                const ModuleSet* running,
                                                const std::set<std::string>& replace) {
  std::vector<Plan> plans;
  for (const ModuleConfig& module : config.modules) {
    if (!module.enabled) continue;
    std::optional<ModuleConfig> file = loading.purpose == ModuleLoading::Purpose::kServe
                                           ? loading.quarantine.Choose(module)
                                           : loading.quarantine.Foresee(module);
    if (!file) continue;
    const Entry* known = running == nullptr ? nullptr : running->Find(module.name);
    const bool keep = known != nullptr && !replace.contains(module.name) &&
                      Fixed(module) == Fixed(*known->config) && SameFile(*file, *known->instance);
    plans.push_back({&module, *std::move(file), known, keep});
  }
  return plans;
}

absl::Status ModuleSet::Add(const Plan& plan, const ModuleLoading& loading, uint64_t generation) {
  if (plan.keep) {
    RETURN_IF_ERROR(plan.known->instance->registration().ClaimAll(claims_));
    entries_.push_back({plan.config, plan.known->instance, false,
                        plan.config->config_json != plan.known->config->config_json,
                        plan.known->config, nullptr});
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::unique_ptr<ModuleInstance> instance,
                   ModuleInstance::Create(plan.file, generation, loading.environment, claims_));
  entries_.push_back({plan.config, loading.unloader.Share(std::move(instance)), true, false,
                      nullptr, plan.known == nullptr ? nullptr : plan.known->instance});
  return absl::OkStatus();
}

absl::Status ModuleSet::Create(const Config& config, const ModuleLoading& loading,
                               uint64_t generation, const ModuleSet* running,
                               const std::set<std::string>& replace) {
  const std::vector<Plan> plans = PlanAll(config, loading, running, replace);
  if (running != nullptr) {
    PreflightPlan flight;
    for (const Plan& plan : plans) (plan.keep ? flight.kept : flight.changed).push_back(&plan.file);
    flight.config_file = config.file;
    flight.give_up = &loading.give_up;
    flight.run_directory = loading.environment.run_directory;
    RETURN_IF_ERROR(Preflight(flight, loading.environment.log));
  }
  for (const Plan& plan : plans) {
    RETURN_IF_ERROR(CheckWanted(loading.give_up));
    const absl::Status added = Add(plan, loading, generation);
    if (!added.ok()) return StatusAt(config.file, plan.config->position, added);
  }
  return absl::OkStatus();
}

absl::Status ModuleSet::Start(const std::atomic<bool>& give_up) {
  for (Entry& entry : entries_) {
    if (!entry.fresh) continue;
    RETURN_IF_ERROR(CheckWanted(give_up));
    // Let go of in any case: this set may serve for long.
    const InstanceRef predecessor = std::move(entry.predecessor);
    if (predecessor != nullptr) RETURN_IF_ERROR(entry.instance->HandOver(*predecessor));
    RETURN_IF_ERROR(entry.instance->Start());
  }
  return CheckWanted(give_up);
}

const ModuleSet::Entry* ModuleSet::Find(std::string_view module) const {
  for (const Entry& entry : entries_) {
    if (entry.config->name == module) return &entry;
  }
  return nullptr;
}

bool ModuleSet::Contains(const ModuleInstance& instance) const {
  for (const Entry& entry : entries_) {
    if (entry.instance.get() == &instance) return true;
  }
  return false;
}

}  // namespace meshhost
