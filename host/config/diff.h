// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/config/config.h"
#include "host/config/schema_key.h"

namespace meshhost {

// One difference between two configurations. Plain value.
struct ConfigChange {
  std::string key;     // "limits.http_body", "listener.public.address", "module.catalog"
  std::string before;  // as TOML writes it; empty: not there
  std::string after;
  Reload reload = Reload::kHot;
  Position position;  // of the value in the new file; {0, 0} for a default
};

// In the order of the reference. Tables of [[...]] are told apart by their name, a table that comes
// or goes is one change. Values in [module.config] whose key speaks of a secret are masked.
[[nodiscard]] std::vector<ConfigChange> Diff(const Config& before, const Config& after);

// An error that names the first change which takes a restart; OK when there is none.
[[nodiscard]] absl::Status CheckAllHot(const std::vector<ConfigChange>& changes,
                                       const std::string& file);

}  // namespace meshhost
