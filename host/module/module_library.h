// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/dll/shared_library.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "host/module/module_check.h"
#include "host/module/module_copy.h"
#include "meshhost/abi/module.h"

namespace meshhost {

// Where a module comes from and what it must pass. Plain value.
struct ModuleSource {
  std::string name;  // as configured
  std::string path;
  std::string sha256;  // empty: not pinned
  std::string run_directory;
  ModulePolicy policy;
};

// One mapping of one module file: checked, copied, mapped, shaken hands with. Owned by the
// ModuleInstance made from it, which must have called destroy before this dies. Control thread.
class ModuleLibrary final {
 public:
  // Whatever fails names the module and the file. No code of the module has run unless its file
  // passed every rule of module_check.h.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ModuleLibrary>> Load(
      const ModuleSource& source);

  ~ModuleLibrary();

  const mh_module& table() const { return table_; }
  const ModuleReport& report() const { return report_; }
  const std::string& copy_path() const { return copy_.path(); }

  // fini, dlclose, and a look at whether the mapping is really gone. False: it is retained, and the
  // private copy stays. Once.
  [[nodiscard]] bool Unload();
  // Never unmaps: something of the module may still run. The private copy stays.
  void Retain();

 private:
  ModuleLibrary(ModuleReport report, ModuleCopy copy);
  absl::Status Map();
  absl::Status ShakeHands();

  ModuleReport report_;
  ModuleCopy copy_;
  boost::dll::shared_library library_;
  mh_module table_ = {};  // ours, filled up to the size that the module knows
};

// Whether the dynamic linker still lists an object of that path.
[[nodiscard]] bool IsMapped(const std::string& path);

}  // namespace meshhost
