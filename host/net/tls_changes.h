// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/net/tls_certificate_facts.h"

namespace meshhost {

// One certificate or list before and after. Plain value.
struct CertificateChange {
  enum class Kind { kAdded, kRemoved, kReplaced };

  Kind kind = Kind::kAdded;
  CertificateFacts before;  // kRemoved, kReplaced
  CertificateFacts after;   // kAdded, kReplaced

  // For the plan and the log: server certificate "default" (CN=a): serial 01 -> 02, until
  // 2026-12-01T00:00:00Z -> 2027-03-01T00:00:00Z
  std::string ToString() const;
};

// What differs between two sets of certificates, in the order of `after`, then what is gone. One
// replaces another that had the same role and slot, or for authorities and lists the same name.
[[nodiscard]] std::vector<CertificateChange> ChangesBetween(
    const std::vector<CertificateFacts>& before, const std::vector<CertificateFacts>& after);

}  // namespace meshhost
