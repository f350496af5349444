// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "host/module/module_library.h"

namespace meshhost {

// The serialized FileDescriptorSet that a module registers. A child process loads the module and
// calls its create, so that a module which crashes, hangs or exits harms nobody; a create that
// fails for want of configuration is fine once it has handed over its descriptors. Forks: only
// while the process has one thread.
[[nodiscard]] absl::StatusOr<std::string> TrialSchema(const std::string& module_file,
                                                      const ModulePolicy& policy);

}  // namespace meshhost
