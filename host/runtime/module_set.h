// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/module/claims.h"
#include "host/module/quarantine.h"
#include "host/runtime/module_unloader.h"

namespace meshhost {

// What loading modules needs. All outlive them. Plain value.
struct ModuleLoading {
  ModuleEnvironment environment;
  ModuleUnloader& unloader;
  Quarantine& quarantine;
  const std::atomic<bool>& give_up;  // set on another thread: fail after the current step
  // kLook: the modules will never serve, so the quarantine does not hear of them.
  enum class Purpose { kServe, kLook } purpose = Purpose::kServe;
};

// The modules of one configuration, in its order. Part of a Generation; control thread, except
// where a function says otherwise.
class ModuleSet final {
 public:
  struct Entry {
    const ModuleConfig* config;  // in the Config that Create was given
    InstanceRef instance;
    // Created for this set and not started yet; else it serves already.
    bool fresh = false;
    // It serves already, but with other settings than `config` has.
    bool reconfigure = false;
    const ModuleConfig* running_config = nullptr;  // of the set that it is from, when not fresh
    InstanceRef predecessor;  // of a fresh one, until it has got the state of that
  };

  ModuleSet() = default;
  ~ModuleSet();
  ModuleSet(const ModuleSet&) = delete;
  ModuleSet& operator=(const ModuleSet&) = delete;

  // Takes over from `running` (null: nothing runs) each instance that can serve the configuration
  // as it is or after Reconfigure, and checks, loads and creates the others as `generation`, in a
  // child process first when something runs that they could harm. Those named in `replace` are
  // never taken over; those in quarantine without a good copy are left out. All, or an error with
  // its place in the configuration.
  absl::Status Create(const Config& config, const ModuleLoading& loading, uint64_t generation,
                      const ModuleSet* running, const std::set<std::string>& replace);
  // Starts what is fresh, with the state of what it replaces.
  absl::Status Start(const std::atomic<bool>& give_up);

  // Fixed between Create and destruction, so that any thread may read it then.
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* Find(std::string_view module) const;
  bool Contains(const ModuleInstance& instance) const;

 private:
  // One module of the configuration that is being built. Plain value.
  struct Plan {
    const ModuleConfig* config;  // as configured
    ModuleConfig file;           // the same, with the file that the quarantine has chosen
    const Entry* known;          // what runs of it; null: nothing
    bool keep;
  };

  static std::vector<Plan> PlanAll(const Config& config, const ModuleLoading& loading,
                                   const ModuleSet* running, const std::set<std::string>& replace);
  absl::Status Add(const Plan& plan, const ModuleLoading& loading, uint64_t generation);

  Claims claims_;
  std::vector<Entry> entries_;
};

}  // namespace meshhost
