// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace meshhost {

// A module file read once, so that what was checked is what gets loaded. Plain value.
struct ModuleBytes {
  std::vector<std::uint8_t> bytes;
  struct stat status = {};
};
// Regular files of at most 1 GiB. Any thread.
[[nodiscard]] absl::StatusOr<ModuleBytes> ReadModuleBytes(const std::string& path);

// SHA-256 in lower-case hex: names private copies and is compared with a configured pin.
[[nodiscard]] std::string Sha256Hex(std::span<const std::uint8_t> bytes);

}  // namespace meshhost
