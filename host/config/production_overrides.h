// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/config/config.h"

namespace meshhost {

// One thing that profile "production" refuses and that this file asks for. Plain value.
struct ProductionOverride {
  std::string key;     // path of the key that asks for it, "listener[0].allow_plaintext"
  std::string effect;  // for people: what it lets in
  Position position;
};

// All of them, in the order of the file; none in another profile. The runtime warns of each at
// every start and reload, so that no override is forgotten.
[[nodiscard]] std::vector<ProductionOverride> ProductionOverrides(const Config& config);

}  // namespace meshhost
