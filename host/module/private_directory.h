// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace meshhost {

// Makes a folder that code will be loaded from, where there is none, for its owner alone; refuses
// one that everybody may write to. `what` it is, for the error: "run directory".
[[nodiscard]] absl::Status PreparePrivateDirectory(std::string_view what,
                                                   const std::string& directory);

}  // namespace meshhost
