// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "host/base/clock.h"

namespace meshhost {

// Does the control thread live? Its loop shows that it turns; before it enters modules, which may
// keep it, it says for how long. One that stays longer is not alive. Owned by the Host.
class ControlPulse final {
 public:
  // Control thread: the loop turns, and what it was in is over.
  void Beat() {
    allowed_until_ns_.store(0, std::memory_order_relaxed);
    beat_ns_.store(MonotonicNs(), std::memory_order_release);
  }
  // Control thread: silence for that long from now is in order.
  void Allow(std::chrono::nanoseconds silence) {
    const uint64_t until = MonotonicNs() + static_cast<uint64_t>(silence.count());
    if (until > allowed_until_ns_.load(std::memory_order_relaxed)) {
      allowed_until_ns_.store(until, std::memory_order_release);
    }
  }
  // Any thread. `limit_ns`: for silence that was not announced.
  bool alive(uint64_t limit_ns) const {
    const uint64_t beat_ns = beat_ns_.load(std::memory_order_acquire);
    const uint64_t now = MonotonicNs();
    return now < allowed_until_ns_.load(std::memory_order_acquire) || now < beat_ns + limit_ns;
  }

 private:
  std::atomic<uint64_t> beat_ns_{MonotonicNs()};
  std::atomic<uint64_t> allowed_until_ns_{0};
};

}  // namespace meshhost
