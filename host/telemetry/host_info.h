// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "host/telemetry/metric_family.h"

namespace meshhost {

class Registry;

// meshhost_build_info: what runs. Once, at start.
absl::Status AddBuildInfo(Registry& registry, std::string_view version, std::string_view revision);

// meshhost_module_info: a loaded module, until `owner` is removed from the registry.
absl::Status AddModuleInfo(Registry& registry, std::string_view module, std::string_view version,
                           std::string_view sha256, MetricOwner owner);

}  // namespace meshhost
