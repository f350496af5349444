// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/module_unloader.h"

#include <utility>

namespace meshhost {
namespace {

// For each gate. Calls are over when an instance comes here, so only a module that left something
// behind makes the control thread wait.
constexpr std::chrono::seconds kPatience{2};

}  // namespace

InstanceRef ModuleUnloader::Share(std::unique_ptr<ModuleInstance> instance) {
  return InstanceRef(instance.release(), [this](ModuleInstance* last) {
    Unload(std::unique_ptr<ModuleInstance>(last));
  });
}

void ModuleUnloader::Unload(std::unique_ptr<ModuleInstance> instance) {
  ended_(*instance);
  const ModuleInstance::Unloaded unloaded = instance->Unload(kPatience);
  if (unloaded.unmapped) {
    log_.Info("module unloaded",
              {{"module", instance->name()}, {"generation", instance->generation()}});
    return;
  }
  log_.Warn("module retained", {{"module", instance->name()},
                                {"generation", instance->generation()},
                                {"retained_by", unloaded.retained_by}});
  {
    const absl::MutexLock lock(&mutex_);
    retained_.push_back({instance->name(), instance->generation(), unloaded.retained_by});
  }
  ModuleInstance::Abandon(std::move(instance));
}

std::vector<RetainedModule> ModuleUnloader::retained() const {
  const absl::MutexLock lock(&mutex_);
  return retained_;
}

}  // namespace meshhost
