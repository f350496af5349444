// SPDX-License-Identifier: Apache-2.0
//
// The certificates that are in use, in the eyes of operators: as metrics, and as warnings in the
// log before they expire.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "host/net/tls_context.h"
#include "host/telemetry/certificate_metrics.h"
#include "host/telemetry/log.h"

namespace meshhost {

class Registry;

// Owned by the Host; control thread only.
class CertificateWatch final {
 public:
  // Both outlive this.
  CertificateWatch(Registry& registry, Log& log) : metrics_(registry), log_(log) {}

  // `listener` serves with this context from now on; null: without TLS, or not at all. Call after
  // the acceptors have it. Logs the warnings of a context that is new.
  absl::Status Replace(const std::string& listener, std::shared_ptr<const TlsContext> tls);

  // Warns of what expires within 30 days, and calls it an error from 7 days on (for what does not
  // live that long: the last third and the last tenth of its life). Each certificate once a day,
  // however often this is called; every hour is fitting. `now`: seconds since the epoch.
  void WarnOfExpiry(int64_t now);

 private:
  enum class Stage { kGood, kSoon, kVerySoon, kExpired };
  struct Warned {
    Stage stage = Stage::kGood;
    int64_t at = 0;
  };

  static Stage StageOf(const CertificateFacts& facts, int64_t now);
  void Warn(const std::string& listener, const CertificateFacts& facts, Stage stage, int64_t now);

  CertificateMetrics metrics_;
  Log& log_;
  std::map<std::string, std::shared_ptr<const TlsContext>> contexts_;  // by listener
  std::map<std::string, Warned> warned_;                               // by fingerprint
};

}  // namespace meshhost
