// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/module_set.h"

#include <tuple>
#include <utility>

#include "host/base/status_macros.h"
#include "host/config/config_error.h"
#include "host/module/module_bytes.h"

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

}  // namespace

// Later modules first: they may use what earlier ones set up.
ModuleSet::~ModuleSet() {
  while (!entries_.empty()) entries_.pop_back();
}

absl::StatusOr<ModuleSet::Entry> ModuleSet::Load(const ModuleConfig& module,
                                                 const ModuleLoading& loading,
                                                 uint64_t generation) {
  ASSIGN_OR_RETURN(std::unique_ptr<ModuleInstance> instance,
                   ModuleInstance::Create(module, generation, loading.environment, claims_));
  return Entry{&module, loading.unloader.Share(std::move(instance)), true, false, nullptr};
}

absl::Status ModuleSet::Create(const Config& config, const ModuleLoading& loading,
                               uint64_t generation, const ModuleSet* running,
                               const std::set<std::string>& replace) {
  for (const ModuleConfig& module : config.modules) {
    if (!module.enabled) continue;
    const Entry* known = running == nullptr ? nullptr : running->Find(module.name);
    if (known != nullptr && !replace.contains(module.name) &&
        Fixed(module) == Fixed(*known->config) && SameFile(module, *known->instance)) {
      const absl::Status claimed = known->instance->registration().ClaimAll(claims_);
      if (!claimed.ok()) return StatusAt(config.file, module.position, claimed);
      entries_.push_back({&module, known->instance, false,
                          module.config_json != known->config->config_json, known->config});
      continue;
    }
    auto loaded = Load(module, loading, generation);
    if (!loaded.ok()) return StatusAt(config.file, module.position, loaded.status());
    entries_.push_back(*std::move(loaded));
  }
  return absl::OkStatus();
}

absl::Status ModuleSet::Start() {
  for (const Entry& entry : entries_) {
    if (entry.fresh) RETURN_IF_ERROR(entry.instance->Start());
  }
  return absl::OkStatus();
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
