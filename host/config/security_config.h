// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace meshhost {

// Who may call an endpoint. Each endpoint needs a decision.
enum class Access {
  kUndecided,
  kPublic,         // anybody; credentials that are given must still be good
  kAuthenticated,  // everybody whose identity was verified
  kAuthorized,     // whom the rules allow
};

// [security]
struct SecurityConfig {
  Access access = Access::kUndecided;  // of endpoints that say nothing themselves
};

}  // namespace meshhost
