// SPDX-License-Identifier: Apache-2.0
//
// `meshhost module diff OLD.so NEW.so`: would the new module break the clients of the old one?
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/module/module_check.h"
#include "host/module/schema_diff.h"

namespace meshhost {

// The breaking changes between the .proto files that two modules embed; empty: none. Loads each in
// a child process: only while this process has one thread.
[[nodiscard]] absl::StatusOr<std::vector<BreakingChange>> DiffModules(const std::string& old_file,
                                                                      const std::string& new_file,
                                                                      const ModulePolicy& policy);

// For people (one line per change) and for scripts.
[[nodiscard]] std::string ToText(const std::vector<BreakingChange>& changes);
[[nodiscard]] std::string ToJson(const std::vector<BreakingChange>& changes);

}  // namespace meshhost
