// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace meshhost {

// How this process was started, so that another can be. Plain value.
struct Program {
  std::string path;  // absolute; may have become another file since
  std::vector<std::string> arguments;

  // As the shell finds a command: a name without a slash lies in a folder of PATH. The path is not
  // resolved further, so that a link may point to the next version by the time it is needed.
  static Program Of(int argc, const char* const* argv);
};

}  // namespace meshhost
