// SPDX-License-Identifier: Apache-2.0
//
// Decides from a module's file alone whether it may be loaded, before any of its code runs. Each
// rule stands for a way in which dlopen and dlclose go wrong in a process that upgrades modules
// while it serves (host/module/README.md has the table). `meshhost module check` and the loader
// share this code, so what passes at the author's desk is what the host accepts.
//
// Left to the dynamic linker: whether the needed libraries define every undefined symbol. RTLD_NOW
// answers that with a clean error, and only it knows which files it will pick.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/module/module_bytes.h"
#include "host/module/module_report.h"

namespace meshhost {

// What this host offers and allows. Plain value.
struct ModulePolicy {
  std::uint16_t abi_major = 0;
  std::uint16_t abi_minor = 0;
  std::vector<std::string> interfaces;         // "mh.grpc/1"
  std::vector<std::string> allowed_libraries;  // DT_NEEDED, exact
  std::string glibc_version;                   // "2.36"; empty: not compared
};

// The policy of this host for a module whose configuration allows `extra_libraries`.
ModulePolicy HostModulePolicy(std::vector<std::string> extra_libraries = {});

// Rules about the bytes of the file. Any thread.
[[nodiscard]] ModuleReport CheckModuleBytes(std::string_view path,
                                            std::span<const std::uint8_t> bytes,
                                            const ModulePolicy& policy);

// All rules, those about the file's mode and owner too.
[[nodiscard]] ModuleReport CheckModule(std::string_view path, const ModuleBytes& file,
                                       const ModulePolicy& policy);
// Reads and checks; a file that cannot be read is a finding "file.read". Any thread.
[[nodiscard]] ModuleReport CheckModuleFile(const std::string& path, const ModulePolicy& policy);

}  // namespace meshhost
