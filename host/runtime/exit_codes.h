// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace meshhost {

// sysexits(3), as far as the program uses them. systemd is told not to restart on 78, because the
// same configuration fails the same way (RestartPreventExitStatus=78).
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitConfig = 78;

}  // namespace meshhost
