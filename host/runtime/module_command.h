// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace meshhost {

// `meshhost module check FILE.so`: the loader's own rules. 0: it would be loaded.
int CheckModuleCommand(const std::string& file, bool json);

// `meshhost module diff OLD.so NEW.so`: changes of the .proto contract that break clients.
// 0: none.
int DiffModulesCommand(const std::string& old_file, const std::string& new_file, bool json);

// `meshhost module preflight`: the child's side of host/module/preflight.h. Ends the process.
[[noreturn]] void PreflightCommand();

}  // namespace meshhost
