// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/stop_sequence.h"

#include "host/base/clock.h"

namespace meshhost {
namespace {

// Connections close one by one on other threads; nothing signals the last one, so it is polled.
constexpr std::chrono::milliseconds kPollEvery{5};
// For answers of the admin server that are on their way.
constexpr uint64_t kAdminGraceNs = 1'000'000'000;
// After the deadline: how long calls may take to be written off.
constexpr uint64_t kAbortGraceNs = 1'000'000'000;

}  // namespace

void StopSequence::Begin() {
  host_.BeginDraining();
  After(host_.config().drain.delay, &StopSequence::OnDelayOver);
}

void StopSequence::OnDelayOver() {
  host_.StopAccepting([this] { Drain(); });
}

void StopSequence::BeginReplaced() {
  host_.LeaveListeners([this] { OnLeft(); });
}

void StopSequence::OnLeft() {
  host_.DrainGently();
  const uint64_t now = MonotonicNs();
  deadline_ns_ = now + static_cast<uint64_t>(host_.config().reload.stream_grace.count());
  admin_until_ns_ = now + kAdminGraceNs;
  PollReplaced();
}

void StopSequence::PollReplaced() {
  const uint64_t now = MonotonicNs();
  const bool admin_open = !host_.EndAdmin(now >= admin_until_ns_);
  if (!admin_open && (host_.Idle() || now >= deadline_ns_)) return Drain();
  After(kPollEvery, &StopSequence::PollReplaced);
}

void StopSequence::Drain() {
  deadline_ns_ = MonotonicNs() + static_cast<uint64_t>(host_.config().drain.timeout.count());
  host_.DrainSessions(deadline_ns_);
  Poll();
}

void StopSequence::Poll() {
  if (host_.Drained()) return Finish();
  if (MonotonicNs() >= deadline_ns_) {
    if (aborted_) return Finish();
    aborted_ = true;
    host_.log().Warn("drain timeout: ending what is left", {});
    host_.AbortCalls();
    deadline_ns_ = MonotonicNs() + kAbortGraceNs;
  }
  After(kPollEvery, &StopSequence::Poll);
}

void StopSequence::After(std::chrono::nanoseconds delay, void (StopSequence::*next)()) {
  timer_.expires_after(delay);
  timer_.async_wait([this, next](const boost::system::error_code& error) {
    if (!error) (this->*next)();
  });
}

void StopSequence::Finish() { control_.stop(); }

}  // namespace meshhost
