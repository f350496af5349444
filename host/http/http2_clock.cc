// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_clock.h"

namespace meshhost {
namespace {

constexpr uint64_t kNever = UINT64_MAX;
constexpr uint64_t kDrainNoticeNs = 1'000'000'000;
constexpr uint64_t kTrimNs = 5'000'000'000;
constexpr uint64_t kGoAwayLingerNs = 2'000'000'000;

// +-10 %, so that connections which were opened together do not end together.
uint64_t WithJitter(uint64_t duration_ns, uint64_t seed) {
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
  seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
  seed ^= seed >> 31;
  return duration_ns - duration_ns / 10 + seed % (duration_ns / 5 + 1);
}

uint64_t After(uint64_t since_ns, uint64_t limit_ns) {
  return since_ns == 0 || limit_ns == 0 ? kNever : since_ns + limit_ns;
}

}  // namespace

Http2Clock::Http2Clock(const HttpSettings& settings, uint64_t now_ns)
    : settings_(settings), last_read_ns_(now_ns), header_since_ns_(now_ns) {
  const uint64_t age = settings.connection_max_age_ns;
  age_limit_ns_ = age == 0 ? kNever : now_ns + WithJitter(age, now_ns);
}

Http2Clock::Due Http2Clock::Next() const {
  if (linger_since_ns_ != 0) return {Action::kLingerOver, linger_since_ns_ + kGoAwayLingerNs};
  Due due{Action::kMaxAge, drain_since_ns_ == 0 ? age_limit_ns_ : kNever};
  const auto consider = [&due](Action action, uint64_t at_ns) {
    if (at_ns < due.at_ns) due = {action, at_ns};
  };
  consider(Action::kHeaderTimeout, After(header_since_ns_, settings_.header_read_ns));
  consider(Action::kWriteTimeout, After(pending_since_ns_, settings_.write_idle_ns));
  if (drain_since_ns_ != 0 && !final_goaway_) {
    consider(Action::kFinalGoaway, drain_since_ns_ + kDrainNoticeNs);
  }
  if (!streams_open_) {
    if (!trimmed_) consider(Action::kTrim, last_read_ns_ + kTrimNs);
    if (drain_since_ns_ == 0) {
      consider(Action::kIdle, After(last_read_ns_, settings_.http2_idle_ns));
    }
  } else if (ping_sent_ns_ != 0) {
    consider(Action::kPingTimeout, After(ping_sent_ns_, settings_.grpc_ping_timeout_ns));
  } else {
    consider(Action::kSendPing, After(last_read_ns_, settings_.grpc_ping_interval_ns));
  }
  return due;
}

}  // namespace meshhost
