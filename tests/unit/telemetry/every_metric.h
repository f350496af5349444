// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/telemetry/async_log.h"
#include "host/telemetry/registry.h"

namespace meshhost {

// A registry with series in every family that host/telemetry defines.
class EveryMetric final {
 public:
  EveryMetric();
  const Registry& registry() const { return registry_; }

 private:
  void AddEndpoints();
  void AddConnections();

  Registry registry_{{.workers = 1}};
  std::unique_ptr<AsyncLog> log_;
};

}  // namespace meshhost
