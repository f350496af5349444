// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/stop_sequence.h"

#include "host/base/clock.h"

namespace meshhost {
namespace {

// Connections close one by one on other threads; nothing signals the last one, so it is polled.
constexpr std::chrono::milliseconds kPollEvery{5};
// After the deadline: how long calls may take to be written off.
constexpr uint64_t kAbortGraceNs = 1'000'000'000;

}  // namespace

void StopSequence::Begin() {
  host_.BeginDraining();
  timer_.expires_after(host_.config().drain.delay);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) OnDelayOver();
  });
}

void StopSequence::OnDelayOver() {
  host_.StopAccepting();
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
  timer_.expires_after(kPollEvery);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Poll();
  });
}

void StopSequence::Finish() { control_.stop(); }

}  // namespace meshhost
