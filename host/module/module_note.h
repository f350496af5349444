// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace meshhost {

// The ELF note of a module (sdk: abi/note.h), decoded. Plain value.
struct ModuleNote {
  std::uint16_t major = 0;
  std::uint16_t built_minor = 0;
  std::uint16_t needs_minor = 0;
  std::string module;
  std::string version;
  std::vector<std::string> needs;  // "mh.grpc/1"
};

// Decodes the untrusted bytes of one note entry. Any thread.
[[nodiscard]] absl::StatusOr<ModuleNote> ParseModuleNote(std::string_view bytes);

// [a-z0-9_-]+: names of modules go into file names, metrics and messages.
[[nodiscard]] bool IsModuleName(std::string_view name);

}  // namespace meshhost
