// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace meshhost {

// What becomes of the refusals of a guard (authentication, access rules, limits, shedding).
enum class GuardMode {
  kOff,      // the guard does not look
  kShadow,   // refusals are counted and noted, and the call goes on
  kEnforce,  // refusals are answered
};

}  // namespace meshhost
