// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/log_metrics.h"

#include "host/base/status_macros.h"
#include "host/telemetry/access_log.h"
#include "host/telemetry/async_log.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

struct LogFamilies {
  FamilyId dropped;
  FamilyId write_errors;
};

absl::StatusOr<LogFamilies> Define(Registry& registry) {
  LogFamilies families;
  ASSIGN_OR_RETURN(
      families.dropped,
      registry.Define({.name = "meshhost_log_dropped_lines_total",
                       .help = "Log lines lost, since they came faster than they could be written.",
                       .kind = MetricKind::kCallbackCounter,
                       .labels = {"log"}}));
  ASSIGN_OR_RETURN(families.write_errors,
                   registry.Define({.name = "meshhost_log_write_errors_total",
                                    .help = "Writes that a log's output refused.",
                                    .kind = MetricKind::kCallbackCounter,
                                    .labels = {"log"}}));
  return families;
}

template <typename AnyLog>
absl::Status Add(Registry& registry, const LogFamilies& families, std::string_view name,
                 const AnyLog& log) {
  RETURN_IF_ERROR(registry.Callback(families.dropped, {name},
                                    [&log] { return static_cast<double>(log.dropped()); }));
  return registry.Callback(families.write_errors, {name},
                           [&log] { return static_cast<double>(log.write_errors()); });
}

}  // namespace

absl::Status AddLogMetrics(Registry& registry, const AsyncLog& log, const AccessLog* access_log) {
  ASSIGN_OR_RETURN(const LogFamilies families, Define(registry));
  RETURN_IF_ERROR(Add(registry, families, "application", log));
  if (access_log == nullptr) return absl::OkStatus();
  return Add(registry, families, "access", *access_log);
}

}  // namespace meshhost
