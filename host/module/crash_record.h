// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshhost {

// A crash in the code of a module, as the handler of a fatal signal wrote it down. Plain value.
struct CrashRecord {
  std::string module;
  std::uint64_t generation = 0;
  std::string method;
  std::string sha256;  // of the module's file
  std::string signal;  // "SIGSEGV"
  std::uint64_t unix_seconds = 0;
};
// The one line that CrashHandler writes; nothing for anything else, such as half of it.
[[nodiscard]] std::optional<CrashRecord> ParseCrashRecord(std::string_view text);

}  // namespace meshhost
