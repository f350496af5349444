// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"

namespace meshhost {

class AccessLog;
class AsyncLog;
class Registry;

// What the logs lose, as metrics. `access_log` may be null. Both logs outlive the last scrape.
absl::Status AddLogMetrics(Registry& registry, const AsyncLog& log, const AccessLog* access_log);

}  // namespace meshhost
