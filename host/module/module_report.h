// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/module/module_note.h"

namespace meshhost {

// One thing found in a module's file. Plain value.
struct Finding {
  enum class Severity { kWarning, kError };

  Severity severity = Severity::kError;
  std::string rule;  // stable id, "needed.library"
  std::string text;  // what is wrong, why it matters, how to mend it
};

// What was found out about one module file. Plain value.
struct ModuleReport {
  std::string path;
  std::string sha256;  // of the bytes that were checked; empty when they could not be read
  ModuleNote note;     // empty when there is none
  std::vector<std::string> needed;
  std::string glibc_version;  // the highest that it needs; empty: none
  std::vector<Finding> findings;

  bool ok() const;                // no error among the findings
  std::string ErrorText() const;  // the errors, "; " between them
};

// For people (one line per finding and a verdict) and for scripts.
[[nodiscard]] std::string ToText(const ModuleReport& report);
[[nodiscard]] std::string ToJson(const ModuleReport& report);

}  // namespace meshhost
