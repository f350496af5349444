// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/host_info.h"

#include "host/base/status_macros.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

// By callback, since a gauge set by one generation of a module would be shared with the next.
double One() { return 1; }

}  // namespace

absl::Status AddBuildInfo(Registry& registry, std::string_view version, std::string_view revision) {
  ASSIGN_OR_RETURN(FamilyId family,
                   registry.Define({.name = "meshhost_build_info",
                                    .help = "Version of the running host; always 1.",
                                    .kind = MetricKind::kCallbackGauge,
                                    .labels = {"version", "revision", "compiler"}}));
  return registry.Callback(family, {version, revision, __VERSION__}, One);
}

absl::Status AddModuleInfo(Registry& registry, std::string_view module, std::string_view version,
                           std::string_view sha256, MetricOwner owner) {
  ASSIGN_OR_RETURN(FamilyId family, registry.Define({.name = "meshhost_module_info",
                                                     .help = "A loaded module; always 1.",
                                                     .kind = MetricKind::kCallbackGauge,
                                                     .labels = {"module", "version", "sha256"}}));
  return registry.Callback(family, {module, version, sha256}, One, owner);
}

}  // namespace meshhost
