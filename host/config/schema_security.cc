// SPDX-License-Identifier: Apache-2.0
#include "host/config/schema.h"

namespace meshhost {

SchemaTable SecurityTable() {
  using C = SecurityConfig;
  return OnceTable(
      "security", &Config::security, "Who may call what, for all protocols.",
      {ChoiceKey("access", &C::access,
                 {{"undecided", Access::kUndecided},
                  {"public", Access::kPublic},
                  {"authenticated", Access::kAuthenticated},
                  {"authorized", Access::kAuthorized}},
                 kHot,
                 "Of routes and methods that say nothing themselves: anybody, verified callers, or "
                 "whom the rules allow. An undecided route is an error.")});
}

}  // namespace meshhost
