// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace meshhost {

// Tells systemd how far the service is (sd_notify(3)); does nothing without NOTIFY_SOCKET.
void NotifyReady(const std::string& status);
void NotifyReloading();
void NotifyStopping();

}  // namespace meshhost
