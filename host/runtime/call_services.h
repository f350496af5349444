// SPDX-License-Identifier: Apache-2.0
//
// CallServices: what the filters of all generations share, and what has to outlive a reload: key
// sets, buckets, the tracer, the audit log. One for each part of the configuration, added here in
// the order in which they depend on each other.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/filter/filter_stack.h"

namespace meshhost {

class Log;
class Registry;

// Owned by the Host; control thread, but for what it hands out.
class CallServices final {
 public:
  // All outlive the services. Plain value.
  struct Environment {
    Registry& metrics;
    Log& log;
    uint32_t workers;
  };

  static absl::StatusOr<std::unique_ptr<CallServices>> Start(const Config& config,
                                                             const Environment& environment);
  CallServices(const CallServices&) = delete;
  CallServices& operator=(const CallServices&) = delete;

  // All that can fail about the next configuration; what serves does not notice. What was prepared
  // and not applied is forgotten by the next Prepare.
  absl::Status Prepare(const Config& next);
  // The configuration that was prepared last is in force now. Cannot fail.
  void Apply(const Config& next);
  // Adds what filters need of this; `environment` was made for the same configuration.
  void AddTo(FilterEnvironment& environment) const;

 private:
  explicit CallServices(const Environment& environment) : environment_(environment) {}

  const Environment environment_;
};

}  // namespace meshhost
