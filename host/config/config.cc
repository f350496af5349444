// SPDX-License-Identifier: Apache-2.0
#include "host/config/config.h"

namespace meshhost {

std::string LogOutput::ToString() const {
  switch (kind) {
    case Kind::kOff:
      return "off";
    case Kind::kStdout:
      return "stdout";
    case Kind::kStderr:
      return "stderr";
    case Kind::kFile:
      return "file:" + path;
  }
  return "";
}

Position Config::Where(std::string_view key_path) const {
  const auto found = positions.find(key_path);
  return found == positions.end() ? Position{} : found->second;
}

}  // namespace meshhost
