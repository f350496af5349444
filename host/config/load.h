// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "host/config/config.h"
#include "host/config/config_error.h"

namespace meshhost {

// A checked Config, or every error of the file at once; never both. Plain value.
struct ConfigResult {
  std::shared_ptr<const Config> config;  // null when errors is not empty
  std::vector<ConfigError> errors;

  bool ok() const { return config != nullptr; }
  // All errors as one, a line each; OK when there are none.
  absl::Status status() const;
};

// Whether files that the configuration names must exist with fitting rights.
enum class FileChecks { kOn, kOff };

// Any thread; reads `path` and asks the file system about the files that it names.
[[nodiscard]] ConfigResult LoadConfig(const std::filesystem::path& path,
                                      FileChecks file_checks = FileChecks::kOn);

// The same for text in memory: `file_name` is for messages only, relative paths are resolved
// against `base_directory`.
[[nodiscard]] ConfigResult ParseConfig(std::string_view text, std::string_view file_name,
                                       const std::filesystem::path& base_directory,
                                       FileChecks file_checks = FileChecks::kOn);

}  // namespace meshhost
