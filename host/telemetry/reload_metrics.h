// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "host/telemetry/metric_id.h"

namespace meshhost {

class Registry;

// How reloads ended, for the reloader to count. Plain value.
struct ReloadCounters {
  CounterId ok;
  CounterId failed;
  CounterId rolled_back;
};

// Defines the metrics of reloads. Once per host. The functions are called at each scrape.
absl::StatusOr<ReloadCounters> AddReloadMetrics(Registry& registry,
                                                std::function<double()> generation,
                                                std::function<double()> modules_retained);

}  // namespace meshhost
