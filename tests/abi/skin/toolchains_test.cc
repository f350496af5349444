// SPDX-License-Identifier: Apache-2.0
//
// Goal: modules of ten toolchains, with three protobuf runtimes and one .proto file, live
// together in one process, answer, and leave no mapping when they are unloaded. Method: all test
// modules loaded at once, each under a FakeHost of its own; then again, in turn.
#include <gtest/gtest.h>
#include <meshhost/test/fake_host.h>
#include <sample/v1/sample.pb.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace {

using mh::test::FakeCall;
using mh::test::FakeHost;

struct Toolchain {
  std::string module;
  std::string service;
};

const std::vector<Toolchain>& Toolchains() {
  static const std::vector<Toolchain> all = {
      {"c99_gcc", "C99Gcc"},         {"c99_clang", "C99Clang"},
      {"c11_gcc", "C11Gcc"},         {"cxx17_old_string", "Cxx17OldString"},
      {"cxx17_clang", "Cxx17Clang"}, {"cxx20_clang", "Cxx20Clang"},
      {"cxx20_bare", "Cxx20Bare"},   {"rust", "Rust"},
      {"protobuf_c", "ProtobufC"},   {"protobuf_lite", "ProtobufLite"}};
  return all;
}

std::string File(const std::string& module) { return TEST_MODULES_DIR "/" + module + ".so"; }

bool Built(const std::string& module) { return std::filesystem::exists(File(module)); }

void ExpectAnswers(FakeHost& host, const Toolchain& toolchain) {
  sample::v1::Message request, response;
  request.set_text("who?");
  request.set_number(42);
  FakeCall& call =
      host.Grpc("sample.v1." + toolchain.service + "/Name", request.SerializeAsString());
  host.Run();
  ASSERT_EQ(call.code(), 0) << toolchain.module;
  ASSERT_TRUE(response.ParseFromString(call.messages().at(0)));
  EXPECT_EQ(response.text(), toolchain.module);
  EXPECT_EQ(response.number(), 42);
  EXPECT_EQ(host.Http("GET", "/sample/" + toolchain.module).messages().at(0), toolchain.module);
}

bool Mapped(const std::string& module) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/" + module + ".so") != std::string::npos) return true;
  }
  return false;
}

TEST(Toolchains, S03_LiveTogetherInOneProcess) {
  std::vector<std::unique_ptr<FakeHost>> hosts;
  std::vector<const Toolchain*> loaded;
  for (const Toolchain& toolchain : Toolchains()) {
    if (!Built(toolchain.module)) continue;
    hosts.push_back(std::make_unique<FakeHost>());
    loaded.push_back(&toolchain);
    const mh::Status status = hosts.back()->Load(File(toolchain.module));
    ASSERT_TRUE(status.ok()) << toolchain.module << ": " << status.text();
  }
  // gcc and the LITE runtime are always there; the others where their compilers are.
  ASSERT_GE(loaded.size(), 3u);
  for (size_t i = 0; i < hosts.size(); i++) ExpectAnswers(*hosts[i], *loaded[i]);
}

TEST(Toolchains, LeaveNoMapping) {
  for (int round = 0; round < 3; round++) {
    for (const Toolchain& toolchain : Toolchains()) {
      if (!Built(toolchain.module)) continue;
      {
        FakeHost host;
        ASSERT_TRUE(host.Load(File(toolchain.module)).ok());
        ExpectAnswers(host, toolchain);
        EXPECT_TRUE(Mapped(toolchain.module));
      }
      EXPECT_FALSE(Mapped(toolchain.module)) << toolchain.module;
    }
  }
}

TEST(Toolchains, OurModulesLeaveNoMapping) {
  for (const std::string module : {"echo", "interop", "catalog", "todo"}) {
    {
      FakeHost host;
      ASSERT_TRUE(host.Load(MODULES_DIR "/" + module + ".so").ok());
    }
    EXPECT_FALSE(Mapped(module)) << module;
  }
}

}  // namespace
