// SPDX-License-Identifier: Apache-2.0
//
// Watchdog: asks every worker whether its loop turns, and tells the service manager only while all
// do and the control thread lives (WatchdogSec=, sd_watchdog_enabled(3)). A message from one thread
// alone would say nothing about a host whose workers hang in module code.
#pragma once

#include <chrono>
#include <vector>

#include "host/runtime/control_pulse.h"
#include "host/runtime/heartbeat.h"
#include "host/runtime/service_notifier.h"

namespace meshhost {

// Made on the control thread, used on the service thread. Heartbeats and pulse outlive it.
class Watchdog final {
 public:
  // Asks the environment for the time-out, and takes it out, so that no child feeds our watchdog.
  Watchdog(const ServiceNotifier& notifier, std::vector<Heartbeat*> heartbeats,
           const ControlPulse& control);

  // Whether or not a service manager asks: heartbeats also feed /livez.
  void Tick();
  // How often to call it: several times within the service manager's time-out, else each second.
  std::chrono::nanoseconds period() const { return period_; }
  // Of the service manager; 0: it asks for nothing.
  std::chrono::nanoseconds timeout() const { return timeout_; }

 private:
  bool AllLive() const;

  const ServiceNotifier& notifier_;
  std::vector<Heartbeat*> heartbeats_;
  const ControlPulse& control_;
  std::chrono::nanoseconds timeout_{0};  // 0: nobody asks
  std::chrono::nanoseconds period_;
};

}  // namespace meshhost
