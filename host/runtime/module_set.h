// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "host/config/config.h"
#include "host/module/claims.h"
#include "host/module/module_instance.h"

namespace meshhost {

// The modules of one configuration, in its order. Owned by the Host; control thread, except where a
// function says otherwise.
class ModuleSet final {
 public:
  ModuleSet() = default;
  // Unloads what is left.
  ~ModuleSet();
  ModuleSet(const ModuleSet&) = delete;
  ModuleSet& operator=(const ModuleSet&) = delete;

  // Checks, loads and creates every enabled module: all, or none and the error of the first that
  // failed, with its place in the configuration.
  absl::Status Create(const Config& config, const ModuleEnvironment& environment);
  absl::Status Start();
  void Drain(uint64_t deadline_ns);
  // In reverse order. False: some still hold something; they stay mapped and are logged.
  bool Unload(std::chrono::nanoseconds patience, Log& log);

  struct Entry {
    const ModuleConfig* config;  // in the Config that Create was given
    std::unique_ptr<ModuleInstance> instance;
  };
  // Fixed between Create and Unload, so that any thread may read it then.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  Claims claims_;
  std::vector<Entry> entries_;
};

}  // namespace meshhost
