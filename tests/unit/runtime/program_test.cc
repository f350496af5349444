// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/program.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <filesystem>

namespace meshhost {
namespace {

TEST(Program, S74_APathStaysAsItWasAskedFor) {
  const std::array<const char*, 3> argv = {"/opt/current/meshhost", "run", "--config"};
  const Program program = Program::Of(argv.size(), argv.data());
  EXPECT_EQ(program.path, "/opt/current/meshhost");
  EXPECT_EQ(program.arguments,
            (std::vector<std::string>{"/opt/current/meshhost", "run", "--config"}));
}

TEST(Program, ARelativePathIsOfTheFolderAtTheStart) {
  const std::array<const char*, 1> argv = {"bin/meshhost"};
  EXPECT_EQ(Program::Of(1, argv.data()).path,
            (std::filesystem::current_path() / "bin/meshhost").string());
}

TEST(Program, ANameIsFoundInPath) {
  setenv("PATH", "/nowhere:/bin:/usr/bin", 1);
  const std::array<const char*, 1> argv = {"sh"};
  EXPECT_EQ(Program::Of(1, argv.data()).path, "/bin/sh");
}

TEST(Program, ANameThatNoFolderHasIsTheFileThatRuns) {
  setenv("PATH", "/nowhere", 1);
  const std::array<const char*, 1> argv = {"sh"};
  EXPECT_EQ(Program::Of(1, argv.data()).path,
            std::filesystem::read_symlink("/proc/self/exe").string());
}

}  // namespace
}  // namespace meshhost
