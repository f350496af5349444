// SPDX-License-Identifier: Apache-2.0
#include "host/config/config_error.h"

#include <algorithm>

#include "host/base/concat.h"

namespace meshhost {

std::string ConfigError::ToString() const {
  std::string text = Concat({file, ":", std::to_string(position.line), ":",
                             std::to_string(position.column), ": error: ", message});
  if (!expected.empty() && !got.empty()) {
    text += Concat({" (expected ", expected, ", got ", got, ")"});
  } else if (!expected.empty()) {
    text += Concat({" (expected ", expected, ")"});
  }
  if (!hint.empty()) text += Concat({"; ", hint});
  return text;
}

absl::Status StatusAt(std::string_view file, const Position& position, const absl::Status& status) {
  if (status.ok()) return status;
  const ConfigError error{std::string(file), position, std::string(status.message()), {}, {}, {}};
  return absl::Status(status.code(), error.ToString());
}

std::string FormatErrors(const std::vector<ConfigError>& errors) {
  std::string text;
  for (const ConfigError& error : errors) text += Concat({error.ToString(), "\n"});
  return text;
}

void ConfigErrors::Add(Position position, std::string message, Detail detail) {
  errors_.push_back(ConfigError{file_, position, std::move(message), std::move(detail.expected),
                                std::move(detail.got), std::move(detail.hint)});
}

std::vector<ConfigError> ConfigErrors::Take() {
  std::stable_sort(errors_.begin(), errors_.end(), [](const ConfigError& a, const ConfigError& b) {
    return a.position.line != b.position.line ? a.position.line < b.position.line
                                              : a.position.column < b.position.column;
  });
  return std::move(errors_);
}

}  // namespace meshhost
