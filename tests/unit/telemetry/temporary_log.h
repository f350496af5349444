// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "host/config/config.h"

namespace meshhost {

// The name of a log file in a directory of its own, both removed with the object.
class TemporaryLog final {
 public:
  TemporaryLog() {
    std::string directory = testing::TempDir() + "meshhost-log-XXXXXX";
    EXPECT_NE(mkdtemp(directory.data()), nullptr);
    directory_ = directory;
  }
  ~TemporaryLog() { std::filesystem::remove_all(directory_); }

  std::string path() const { return directory_ + "/test.log"; }
  LogOutput output() const { return {LogOutput::Kind::kFile, path()}; }

  std::vector<std::string> Lines() const { return LinesOf(path()); }
  static std::vector<std::string> LinesOf(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::string directory_;
};

}  // namespace meshhost
