// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/service_notify.h"

#include <systemd/sd-daemon.h>

namespace meshhost {

void NotifyReady(const std::string& status) { sd_notify(0, ("READY=1\nSTATUS=" + status).c_str()); }

void NotifyStopping() { sd_notify(0, "STOPPING=1\nSTATUS=draining"); }

}  // namespace meshhost
