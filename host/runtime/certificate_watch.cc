// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/certificate_watch.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "host/base/status_macros.h"

namespace meshhost {
namespace {

constexpr int64_t kDay = 86400;

}  // namespace

absl::Status CertificateWatch::Replace(const std::string& listener,
                                       std::shared_ptr<const TlsContext> tls) {
  std::vector<CertificateSeries> series;
  if (tls != nullptr) {
    for (const CertificateFacts& facts : tls->certificates()) {
      if (facts.not_after == 0) continue;  // a list that is never due
      series.push_back({std::string(RoleName(facts.role)), facts.file, facts.subject, facts.serial,
                        facts.not_after});
    }
  }
  RETURN_IF_ERROR(metrics_.Replace(listener, series));
  if (tls == nullptr) {
    contexts_.erase(listener);
    return absl::OkStatus();
  }
  std::shared_ptr<const TlsContext>& current = contexts_[listener];
  if (current != tls) {
    for (const std::string& warning : tls->warnings()) {
      log_.Warn("certificates", {{"listener", listener}, {"warning", warning}});
    }
  }
  current = std::move(tls);
  return absl::OkStatus();
}

void CertificateWatch::WarnOfExpiry(int64_t now) {
  std::map<std::string, Warned> still;  // so that what is no longer in use is forgotten
  for (const auto& [listener, tls] : contexts_) {
    for (const CertificateFacts& facts : tls->certificates()) {
      const Stage stage = StageOf(facts, now);
      if (stage == Stage::kGood || still.contains(facts.fingerprint)) continue;
      const Warned& before = warned_[facts.fingerprint];
      const bool due = before.stage != stage || now >= before.at + kDay;
      if (due) Warn(listener, facts, stage, now);
      still[facts.fingerprint] = due ? Warned{stage, now} : before;
    }
  }
  warned_ = std::move(still);
}

CertificateWatch::Stage CertificateWatch::StageOf(const CertificateFacts& facts, int64_t now) {
  if (facts.not_after == 0) return Stage::kGood;
  const int64_t left = facts.not_after - now;
  const int64_t life = facts.not_after - facts.not_before;
  if (left <= 0) return Stage::kExpired;
  if (left <= std::min(7 * kDay, life / 10)) return Stage::kVerySoon;
  return left <= std::min(30 * kDay, life / 3) ? Stage::kSoon : Stage::kGood;
}

void CertificateWatch::Warn(const std::string& listener, const CertificateFacts& facts, Stage stage,
                            int64_t now) {
  const bool list = facts.role == CertificateFacts::Role::kCrl;
  const std::string_view text =
      stage == Stage::kExpired
          ? (list ? "revocation list has expired" : "certificate has expired")
          : (list ? "revocation list expires soon" : "certificate expires soon");
  const std::string until = UtcText(facts.not_after);
  const std::vector<LogField> fields = {{"listener", listener},
                                        {"role", RoleName(facts.role)},
                                        {"file", facts.file},
                                        {"subject", facts.subject},
                                        {"serial", facts.serial},
                                        {"not_after", until},
                                        {"seconds_left", facts.not_after - now}};
  log_.Write(stage == Stage::kSoon ? LogLevel::kWarn : LogLevel::kError, text, fields);
}

}  // namespace meshhost
