// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/program.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace meshhost {
namespace {

namespace fs = std::filesystem;

// Empty: no folder of PATH has it.
std::string FindInPath(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path candidate = fs::path(folder) / name;
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return "";
}

}  // namespace

Program Program::Of(int argc, const char* const* argv) {
  Program program{"", {argv, argv + argc}};
  std::string path = argc > 0 ? argv[0] : "";
  if (path.find('/') == std::string::npos) path = FindInPath(path);
  std::error_code error;
  if (path.empty()) path = fs::read_symlink("/proc/self/exe", error);
  program.path = fs::absolute(path, error);
  return program;
}

}  // namespace meshhost
