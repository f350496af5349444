// SPDX-License-Identifier: Apache-2.0
//
// Goal: modules of every toolchain are upgraded live, thousands of times, and leave nothing: no
// mapping, thread, descriptor, file, nor memory. Method: the host's own loader; each generation
// starts and answers while the one before still has a call open, which ends on its own code.
// Memory is counted by mallinfo2, since dead slots of glibc's list of exit handlers, which a
// destructor of each generation would leave, do not show in tools that look for lost blocks.
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/abi/upgrade/upgrade_fixture.h"

namespace meshhost {
namespace {

constexpr std::chrono::seconds kPatience{10};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
constexpr int kMany = 30;
constexpr int kSome = 5;
#else
constexpr bool kSanitized = false;
constexpr int kMany = 3000;
constexpr int kSome = 100;
#endif
constexpr std::size_t kNoise = 10;
constexpr int kWarmUp = kMany / 10;

std::size_t EntriesOf(const std::string& directory) {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(directory)) ++n;
  return n;
}

// What an upgrade could leave behind.
struct Belongings {
  std::size_t mappings = 0;
  std::size_t threads = EntriesOf("/proc/self/task");
  std::size_t descriptors = EntriesOf("/proc/self/fd");
  std::size_t bytes = 0;

  Belongings() {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) ++mappings;
    const struct mallinfo2 info = ::mallinfo2();
    bytes = info.uordblks + info.hblkhd;
  }
};

class Upgrades : public testing::Test {
 protected:
  Upgrades() {
    std::string pattern = std::filesystem::temp_directory_path() / "meshhost-upgrades-XXXXXX";
    run_ = ::mkdtemp(pattern.data());
  }
  ~Upgrades() override { std::filesystem::remove_all(run_); }

  Line Module(const std::string& name) {
    for (const char* directory : {MODULES_DIR, TEST_MODULES_DIR}) {
      const std::string file = std::string(directory) + "/" + name + ".so";
      if (std::filesystem::exists(file)) return Line(name, file, run_);
    }
    ADD_FAILURE() << name << " was not built";
    return Line(name, name, run_);
  }

  // A call begins on the old generation, the new one comes and answers, the old call ends, the old
  // generation goes.
  void Upgrade(Line& line, std::unique_ptr<ModuleInstance>& current, std::string_view route,
               std::string_view answer) {
    auto open = caller_.Begin(*current, route, FakeCall::Flush::kLater);
    std::unique_ptr<ModuleInstance> next = line.Next();
    ASSERT_NE(next, nullptr);
    ASSERT_EQ(caller_.Get(*next, route), answer);
    current->Drain(MonotonicNs());
    FakeCall& old = *open;
    caller_.loop().RunUntil([&old] { return old.finishes > 0; });
    old.Flushed();
    ASSERT_EQ(caller_.Finish(std::move(open)), answer);
    const ModuleInstance::Unloaded unloaded = current->Unload(kPatience);
    ASSERT_TRUE(unloaded.unmapped) << unloaded.retained_by;
    current = std::move(next);
  }

  void UpgradeMany(Line line, int rounds, std::string_view route, std::string_view answer) {
    std::unique_ptr<ModuleInstance> current = line.Next();
    ASSERT_NE(current, nullptr);
    std::unique_ptr<Belongings> before;
    for (int i = 0; i < rounds && !HasFatalFailure(); ++i) {
      if (i == std::min(kWarmUp, rounds / 2)) before = std::make_unique<Belongings>();
      Upgrade(line, current, route, answer);
    }
    const Belongings after;
    EXPECT_TRUE(current->Unload(kPatience).unmapped);
    current.reset();
    EXPECT_EQ(EntriesOf(run_), 0u);
    EXPECT_TRUE(line.around().log.errors.empty());
    if (HasFatalFailure()) return;
    // A thread that was joined is listed for a moment still.
    EXPECT_LT(after.threads, before->threads + kNoise);
    EXPECT_EQ(after.descriptors, before->descriptors);
    if (kSanitized) return;  // they have mappings and an allocator of their own
    // The library keeps stacks for other threads, two mappings each: as many as ever ran at once.
    EXPECT_LT(after.mappings, before->mappings + 4 * kNoise);
    // Less than the smallest thing that could be lost each time, and some room for what is made
    // once only, at a time that nobody knows.
    EXPECT_LT(after.bytes, before->bytes + 8 * static_cast<std::size_t>(rounds) + 4096);
  }

  std::string run_;
  Caller caller_;
};

TEST_F(Upgrades, C99ModuleLeavesNothing) {
  UpgradeMany(Module("echo"), kMany, "GET /echo", "Hello, World!");
}

TEST_F(Upgrades, ProtobufModuleLeavesNothing) {
  UpgradeMany(Module("protobuf_lite"), kMany, "GET /sample/protobuf_lite", "protobuf_lite");
}

// Compilers, standards and languages, where they are installed.
class Toolchain : public Upgrades, public testing::WithParamInterface<const char*> {};

TEST_P(Toolchain, S03_IsUpgradedLive) {
  const std::string name = GetParam();
  Line line = Module(name);
  line.config().allowed_libraries = {"libprotobuf-c.so.1"};
  UpgradeMany(std::move(line), kSome, "GET /sample/" + name, name);
}

std::vector<const char*> BuiltToolchains() {
  std::vector<const char*> built;
  for (const char* name : {"c99_gcc", "c99_clang", "c11_gcc", "cxx17_old_string", "cxx17_clang",
                           "cxx20_clang", "cxx20_bare", "rust", "protobuf_c", "protobuf_lite"}) {
    if (std::filesystem::exists(std::string(TEST_MODULES_DIR "/") + name + ".so")) {
      built.push_back(name);
    }
  }
  return built;
}

INSTANTIATE_TEST_SUITE_P(, Toolchain, testing::ValuesIn(BuiltToolchains()),
                         [](const auto& info) { return std::string(info.param); });

// All at once: each is upgraded while the others serve.
TEST_F(Upgrades, S03_ToolchainsAreUpgradedBesideEachOther) {
  std::deque<Line> lines;
  std::deque<std::unique_ptr<ModuleInstance>> current;
  for (const char* name : BuiltToolchains()) {
    lines.push_back(Module(name));
    lines.back().config().allowed_libraries = {"libprotobuf-c.so.1"};
    current.push_back(lines.back().Next());
    ASSERT_NE(current.back(), nullptr);
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string name = lines[i].config().name;
      Upgrade(lines[i], current[i], "GET /sample/" + name, name);
      ASSERT_FALSE(HasFatalFailure());
    }
  }
  for (auto& instance : current) EXPECT_TRUE(instance->Unload(kPatience).unmapped);
}

}  // namespace
}  // namespace meshhost
