// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/service_notify.h"

#include <systemd/sd-daemon.h>

#include "host/base/clock.h"

namespace meshhost {

void NotifyReady(const std::string& status) { sd_notify(0, ("READY=1\nSTATUS=" + status).c_str()); }

// systemd v253 and later want the time, to tell this reload from the one before.
void NotifyReloading() {
  const std::string now = std::to_string(MonotonicNs() / 1000);
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + now + "\nSTATUS=reloading").c_str());
}

void NotifyStopping() { sd_notify(0, "STOPPING=1\nSTATUS=draining"); }

}  // namespace meshhost
