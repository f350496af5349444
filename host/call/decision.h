// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "host/call/outcome.h"

namespace meshhost {

// What a guard made of a call, for `meshhost explain`. In the call's arena, in the order in which
// the guards stand in the chain; the views live there, or as long as the deployment.
struct Decision {
  enum class Effect : uint8_t {
    kAllowed,
    kRefused,
    kShadowRefused,  // mode = "shadow": it would have been refused
  };

  std::string_view guard;  // name of the filter
  Effect effect = Effect::kAllowed;
  Reason reason = Reason::kNone;  // why refused
  std::string_view rule;          // which rule, bucket, issuer or key decided; may be empty
  std::string_view detail;        // more for the operator, never for the peer; may be empty
  Decision* next = nullptr;
};

}  // namespace meshhost
