// SPDX-License-Identifier: Apache-2.0
#include "host/net/tls_changes.h"

#include <algorithm>

#include "host/base/concat.h"

namespace meshhost {
namespace {

using Facts = std::vector<CertificateFacts>;

bool Same(const CertificateFacts& a, const CertificateFacts& b) {
  return a.role == b.role && a.slot == b.slot && a.fingerprint == b.fingerprint;
}

// May `b` take the place of `a`?
bool Succeeds(const CertificateFacts& a, const CertificateFacts& b) {
  if (a.role != b.role || a.slot != b.slot) return false;
  return a.role == CertificateFacts::Role::kServer || a.subject == b.subject;
}

// Those of `all` that are not in `others`.
Facts Without(const Facts& all, const Facts& others) {
  Facts rest;
  for (const CertificateFacts& facts : all) {
    const bool kept = std::any_of(others.begin(), others.end(),
                                  [&](const auto& other) { return Same(facts, other); });
    if (!kept) rest.push_back(facts);
  }
  return rest;
}

std::string Until(const CertificateFacts& facts) {
  return facts.not_after == 0 ? "no end" : UtcText(facts.not_after);
}

std::string Serial(const CertificateFacts& facts) {
  return facts.serial.empty() ? "none" : facts.serial;
}

}  // namespace

std::vector<CertificateChange> ChangesBetween(const Facts& before, const Facts& after) {
  Facts gone = Without(before, after);
  std::vector<CertificateChange> changes;
  for (CertificateFacts& facts : Without(after, before)) {
    const auto predecessor = std::find_if(gone.begin(), gone.end(),
                                          [&](const auto& old) { return Succeeds(old, facts); });
    if (predecessor == gone.end()) {
      changes.push_back({CertificateChange::Kind::kAdded, {}, std::move(facts)});
      continue;
    }
    changes.push_back(
        {CertificateChange::Kind::kReplaced, std::move(*predecessor), std::move(facts)});
    gone.erase(predecessor);
  }
  for (CertificateFacts& facts : gone) {
    changes.push_back({CertificateChange::Kind::kRemoved, std::move(facts), {}});
  }
  return changes;
}

std::string CertificateChange::ToString() const {
  const CertificateFacts& shown = kind == Kind::kRemoved ? before : after;
  const std::string slot = shown.slot.empty() ? "" : Concat({" \"", shown.slot, "\""});
  const std::string what = Concat({RoleName(shown.role), slot, " (", shown.subject, "): "});
  if (kind != Kind::kReplaced) {
    return Concat({what, kind == Kind::kAdded ? "added, serial " : "removed, serial ",
                   Serial(shown), ", until ", Until(shown)});
  }
  return Concat({what, "serial ", Serial(before), " -> ", Serial(after), ", until ", Until(before),
                 " -> ", Until(after)});
}

}  // namespace meshhost
