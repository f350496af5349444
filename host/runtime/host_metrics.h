// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "host/runtime/serving_worker.h"
#include "host/telemetry/access_log.h"
#include "host/telemetry/async_log.h"
#include "host/telemetry/registry.h"

namespace meshhost {

// What the layers below telemetry count for themselves, shown as metrics. What is passed outlives
// the registry's last scrape. `access_log` may be null.
absl::Status AddHostMetrics(Registry& registry, const AsyncLog& log, const AccessLog* access_log);
absl::Status AddWorkerMetrics(Registry& registry, uint32_t index, const ServingWorker& worker);

}  // namespace meshhost
