// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/reload_metrics.h"

#include <utility>

#include "host/base/status_macros.h"
#include "host/telemetry/registry.h"

namespace meshhost {

absl::StatusOr<ReloadCounters> AddReloadMetrics(Registry& registry,
                                                std::function<double()> generation,
                                                std::function<double()> modules_retained) {
  ASSIGN_OR_RETURN(
      FamilyId serving,
      registry.Define({.name = "meshhost_config_generation",
                       .help = "Number of the configuration that serves; grows by each reload.",
                       .kind = MetricKind::kCallbackGauge}));
  RETURN_IF_ERROR(registry.Callback(serving, {}, std::move(generation)));
  ASSIGN_OR_RETURN(
      FamilyId retained,
      registry.Define({.name = "meshhost_modules_retained",
                       .help = "Module instances that could not be unloaded since the start.",
                       .kind = MetricKind::kCallbackGauge}));
  RETURN_IF_ERROR(registry.Callback(retained, {}, std::move(modules_retained)));
  ASSIGN_OR_RETURN(FamilyId reloads,
                   registry.Define({.name = "meshhost_config_reloads_total",
                                    .help = "Changes of the configuration while serving.",
                                    .kind = MetricKind::kCounter,
                                    .labels = {"result"}}));
  ReloadCounters counters;
  ASSIGN_OR_RETURN(counters.ok, registry.Counter(reloads, {"ok"}));
  ASSIGN_OR_RETURN(counters.failed, registry.Counter(reloads, {"failed"}));
  ASSIGN_OR_RETURN(counters.rolled_back, registry.Counter(reloads, {"rolled_back"}));
  return counters;
}

}  // namespace meshhost
