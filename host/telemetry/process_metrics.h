// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"

namespace meshhost {

class Registry;

// The process_* metrics that every Prometheus client library has, read from /proc at each scrape.
// Call once, at start.
absl::Status AddProcessMetrics(Registry& registry);

}  // namespace meshhost
