// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace meshhost {

// One thing that must work for the host to be healthy. Plain value.
struct HealthCheck {
  std::string name;  // "module/catalog"
  bool healthy = true;
  std::string detail;  // shown to operators; empty = nothing to say
};

// The state of the host at one moment. Plain value.
struct HealthReport {
  bool live = true;  // the event loops turn: else a restart is the cure
  bool ready =
      false;  // new requests are welcome: false at start, while draining, with a failed module
  std::vector<HealthCheck> checks;

  bool Healthy() const {
    if (!live || !ready) return false;
    for (const HealthCheck& check : checks)
      if (!check.healthy) return false;
    return true;
  }
};

// What the admin server shows. Implemented by the runtime, which outlives the server; called on the
// admin server's threads, so everything in it is safe for any thread and does not block.
class AdminSource {
 public:
  virtual ~AdminSource() = default;
  virtual HealthReport Health() const = 0;
  // Each a JSON document.
  virtual std::string ConfigJson() const = 0;
  virtual std::string ModulesJson() const = 0;
  virtual std::string OpenApiJson() const = 0;
  virtual std::string VersionJson() const = 0;
};

}  // namespace meshhost
