// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/watchdog.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <utility>

namespace meshhost {
namespace {

std::chrono::nanoseconds TimeoutOfServiceManager() {
  uint64_t microseconds = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/1, &microseconds) <= 0) return {};
  return std::chrono::microseconds(microseconds);
}

}  // namespace

Watchdog::Watchdog(const ServiceNotifier& notifier, std::vector<Heartbeat*> heartbeats,
                   const ControlPulse& control)
    : notifier_(notifier),
      heartbeats_(std::move(heartbeats)),
      control_(control),
      timeout_(TimeoutOfServiceManager()),
      period_(Heartbeat::kAskEveryNs) {
  if (timeout_.count() > 0) period_ = std::min(period_, timeout_ / 4);
}

void Watchdog::Tick() {
  if (timeout_.count() > 0 && AllLive()) notifier_.Alive();
  for (Heartbeat* heartbeat : heartbeats_) heartbeat->Ask();
}

// Half of the time-out: a thread that answers late once is no reason to end the host.
bool Watchdog::AllLive() const {
  const auto limit = static_cast<uint64_t>(timeout_.count()) / 2;
  if (!control_.alive(limit)) return false;
  return std::all_of(heartbeats_.begin(), heartbeats_.end(), [limit](const Heartbeat* heartbeat) {
    return heartbeat->silence_ns() < limit;
  });
}

}  // namespace meshhost
