// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/certificate_metrics.h"

#include <chrono>

#include "host/base/status_macros.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

double SecondsUntil(int64_t unix_time) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<double>(unix_time) - now.count();
}

}  // namespace

absl::Status CertificateMetrics::Replace(const std::string& listener,
                                         const std::vector<CertificateSeries>& series) {
  const MetricOwner owner = registry_.NewOwner();
  if (absl::Status added = Add(listener, series, owner); !added.ok()) {
    registry_.RemoveOwner(owner);
    return added;
  }
  const auto former = owners_.find(listener);
  if (former != owners_.end()) registry_.RemoveOwner(former->second);
  if (series.empty()) {
    owners_.erase(listener);
  } else {
    owners_[listener] = owner;
  }
  return absl::OkStatus();
}

absl::Status CertificateMetrics::Add(const std::string& listener,
                                     const std::vector<CertificateSeries>& series,
                                     MetricOwner owner) {
  ASSIGN_OR_RETURN(
      const FamilyId family,
      registry_.Define({.name = "meshhost_tls_certificate_expiry_seconds",
                        .help = "Time until a certificate expires or a revocation list is due for "
                                "its next update; negative afterwards.",
                        .kind = MetricKind::kCallbackGauge,
                        .labels = {"listener", "role", "file", "subject", "serial"}}));
  for (const CertificateSeries& one : series) {
    RETURN_IF_ERROR(registry_.Callback(
        family, {listener, one.role, one.file, one.subject, one.serial},
        [not_after = one.not_after] { return SecondsUntil(not_after); }, owner));
  }
  return absl::OkStatus();
}

}  // namespace meshhost
