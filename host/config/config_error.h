// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "host/config/position.h"

namespace meshhost {

// One fault of a configuration, with all that its author needs to mend it. Plain value. Later steps
// (certificates, module loading, binding) report theirs in the same form.
struct ConfigError {
  std::string file;
  Position position;
  std::string message;   // what is wrong, with which key
  std::string expected;  // empty: nothing to compare with
  std::string got;
  std::string hint;  // 'did you mean "workers"?'

  // FILE:LINE:COL: error: MESSAGE (expected X, got Y); HINT
  std::string ToString() const;
};

// An error of a later step, with its place in front; OK stays OK.
[[nodiscard]] absl::Status StatusAt(std::string_view file, const Position& position,
                                    const absl::Status& status);

// One line per error.
[[nodiscard]] std::string FormatErrors(const std::vector<ConfigError>& errors);

// Collects the errors of one load. Owned by the loader, one thread.
class ConfigErrors final {
 public:
  explicit ConfigErrors(std::string file) : file_(std::move(file)) {}

  struct Detail {
    std::string expected;
    std::string got;
    std::string hint;
  };
  void Add(Position position, std::string message, Detail detail);
  void Add(Position position, std::string message) { Add(position, std::move(message), {}); }

  bool empty() const { return errors_.empty(); }
  // Sorted by place in the file.
  std::vector<ConfigError> Take();

 private:
  std::string file_;
  std::vector<ConfigError> errors_;
};

}  // namespace meshhost
