// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/module_command.h"

#include <cstdlib>
#include <iostream>

#include "host/module/module_check.h"
#include "host/module/module_diff.h"
#include "host/module/preflight.h"
#include "host/runtime/exit_codes.h"

namespace meshhost {

int CheckModuleCommand(const std::string& file, bool json) {
  const ModuleReport report = CheckModuleFile(file, HostModulePolicy());
  std::cout << (json ? ToJson(report) : ToText(report)) << "\n";
  return report.ok() ? kExitOk : kExitFailed;
}

int DiffModulesCommand(const std::string& old_file, const std::string& new_file, bool json) {
  const auto changes = DiffModules(old_file, new_file, HostModulePolicy());
  if (!changes.ok()) {
    std::cerr << changes.status().message() << "\n";
    return kExitFailed;
  }
  std::cout << (json ? ToJson(*changes) : ToText(*changes)) << "\n";
  return changes->empty() ? kExitOk : kExitFailed;
}

void PreflightCommand() {
  // Code of a module that misbehaved may still run: no static destructors.
  std::_Exit(RunPreflightChild());
}

}  // namespace meshhost
