// SPDX-License-Identifier: Apache-2.0
//
// Watchdog: asks every worker whether its loop turns, and tells the service manager only while all
// do (WatchdogSec=, sd_watchdog_enabled(3)). A message from the control thread alone would say
// nothing about a host whose workers hang in module code.
#pragma once

#include <chrono>
#include <vector>

#include "host/runtime/heartbeat.h"
#include "host/runtime/service_notifier.h"

namespace meshhost {

// Control thread. The heartbeats outlive it.
class Watchdog final {
 public:
  // Asks the environment for the time-out, and takes it out, so that no child feeds our watchdog.
  Watchdog(const ServiceNotifier& notifier, std::vector<Heartbeat*> heartbeats);

  // Whether or not a service manager asks: heartbeats also feed /livez.
  void Tick();
  // How often to call it: several times within the service manager's time-out, else each second.
  std::chrono::nanoseconds period() const { return period_; }

 private:
  bool AllTurn() const;

  const ServiceNotifier& notifier_;
  const std::vector<Heartbeat*> heartbeats_;
  std::chrono::nanoseconds timeout_{0};  // 0: nobody asks
  std::chrono::nanoseconds period_;
};

}  // namespace meshhost
