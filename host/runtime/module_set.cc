// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/module_set.h"

#include "host/base/status_macros.h"
#include "host/config/config_error.h"

namespace meshhost {
namespace {

constexpr uint64_t kFirstGeneration = 1;
constexpr std::chrono::seconds kLastPatience{1};

}  // namespace

ModuleSet::~ModuleSet() {
  while (!entries_.empty()) {
    std::unique_ptr<ModuleInstance> instance = std::move(entries_.back().instance);
    entries_.pop_back();
    if (!instance->Unload(kLastPatience).unmapped) ModuleInstance::Abandon(std::move(instance));
  }
}

absl::Status ModuleSet::Create(const Config& config, const ModuleEnvironment& environment) {
  for (const ModuleConfig& module : config.modules) {
    if (!module.enabled) continue;
    auto instance = ModuleInstance::Create(module, kFirstGeneration, environment, claims_);
    if (!instance.ok()) return StatusAt(config.file, module.position, instance.status());
    entries_.push_back({&module, *std::move(instance)});
  }
  return absl::OkStatus();
}

absl::Status ModuleSet::Start() {
  for (const Entry& entry : entries_) RETURN_IF_ERROR(entry.instance->Start());
  return absl::OkStatus();
}

void ModuleSet::Drain(uint64_t deadline_ns) {
  for (const Entry& entry : entries_) entry.instance->Drain(deadline_ns);
}

bool ModuleSet::Unload(std::chrono::nanoseconds patience, Log& log) {
  bool all_unmapped = true;
  while (!entries_.empty()) {
    std::unique_ptr<ModuleInstance> instance = std::move(entries_.back().instance);
    entries_.pop_back();
    const ModuleInstance::Unloaded unloaded = instance->Unload(patience);
    if (unloaded.unmapped) continue;
    log.Warn("module retained",
             {{"module", instance->name()}, {"retained_by", unloaded.retained_by}});
    all_unmapped = false;
    ModuleInstance::Abandon(std::move(instance));
  }
  return all_unmapped;
}

}  // namespace meshhost
