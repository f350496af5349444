// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "host/telemetry/metric_family.h"

namespace meshhost {

class Registry;

// One certificate or revocation list of a listener, as scrapes show it. Plain value.
struct CertificateSeries {
  std::string role;
  std::string file;
  std::string subject;
  std::string serial;
  int64_t not_after = 0;  // seconds since the epoch
};

// How long each certificate in use is still good: meshhost_tls_certificate_expiry_seconds, reckoned
// at each scrape. Owned by the Host; control thread only.
class CertificateMetrics final {
 public:
  // `registry` outlives this.
  explicit CertificateMetrics(Registry& registry) : registry_(registry) {}

  // From now on `listener` has these and none other; empty: none at all. Waits for a running
  // scrape. After an error it has its former ones.
  absl::Status Replace(const std::string& listener, const std::vector<CertificateSeries>& series);

 private:
  absl::Status Add(const std::string& listener, const std::vector<CertificateSeries>& series,
                   MetricOwner owner);

  Registry& registry_;
  std::map<std::string, MetricOwner> owners_;  // by listener
};

}  // namespace meshhost
