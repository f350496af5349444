// SPDX-License-Identifier: Apache-2.0
// Goal: a module file that kills the host within its window is not used by the next start, which
// takes the last good copy or leaves the module out; one that lives through it is kept as good.
// Method: the probe module in two versions, a clock of the test, and crash records as the handler
// writes them.
#include "host/module/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <sys/stat.h>

#include <fstream>

#include "host/module/module_bytes.h"
#include "host/module/module_instance.h"
#include "tests/unit/module/module_fixture.h"

namespace meshhost {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Clock = Quarantine::Clock;
constexpr std::chrono::seconds kPatience{10};

class QuarantineTest : public testing::Test {
 protected:
  QuarantineTest() {
    host_.state_directory = folder_.path() + "/state";
    module_.name = "probe";
    module_.path.path = folder_.path() + "/probe.so";
    Install("probe");
  }
  // The operator puts another file in place.
  void Install(std::string_view file) {
    std::filesystem::copy_file(ModulePath(file), module_.path.path,
                               std::filesystem::copy_options::overwrite_existing);
  }
  std::string HashOf(std::string_view file) const {
    return Sha256Hex(ReadModuleBytes(ModulePath(file))->bytes);
  }
  std::unique_ptr<Quarantine> Open() {
    auto opened = Quarantine::Open(host_, log_, metrics_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  // One run of the host that loads the module, lives for that long, and ends.
  void Run(std::chrono::seconds life) {
    const std::unique_ptr<Quarantine> quarantine = Open();
    const auto chosen = quarantine->Choose(module_, now_);
    ASSERT_TRUE(chosen);
    Claims claims;
    auto instance = ModuleInstance::Create(*chosen, 1, environment_, claims);
    ASSERT_TRUE(instance.ok()) << instance.status();
    ASSERT_TRUE((*instance)->Start().ok());
    quarantine->Activated(**instance, now_);
    now_ += life;
    quarantine->Advance(now_);
    quarantine->Retired(**instance);
    EXPECT_TRUE((*instance)->Unload(kPatience).unmapped);
  }
  // What the handler leaves behind when that file dies now.
  void Crash(const std::string& sha256) {
    std::ofstream(host_.state_directory + "/crash-999999999.json")
        << R"({"module": "probe", "generation": 1, "method": "GET /x", "sha256": ")" << sha256
        << R"(", "signal": "SIGSEGV", "unix_seconds": )"
        << std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch()).count()
        << "}\n";
  }
  double Gauge() const {
    for (const prometheus::MetricFamily& family : metrics_.Collect()) {
      if (family.name == "meshhost_module_quarantined") return family.metric.front().gauge.value;
    }
    return -1;
  }

  TemporaryDirectory folder_;
  Registry metrics_{{}};
  RecordingLog log_;
  RecordingHealth health_;
  ModuleEnvironment environment_{metrics_, log_, health_, folder_.path() + "/run"};
  HostConfig host_;
  ModuleConfig module_;
  Clock::time_point now_ = Clock::now();
};

TEST_F(QuarantineTest, WithoutAStateDirectoryEverythingIsLoadedAsConfigured) {
  host_.state_directory = "";
  const auto quarantine = Open();
  const auto chosen = quarantine->Choose(module_, now_);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->path, module_.path);
  EXPECT_EQ(chosen->sha256, "");
}

TEST_F(QuarantineTest, FreshFileIsLoadedAndPinnedToWhatWasSeen) {
  const auto chosen = Open()->Choose(module_, now_);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->path, module_.path);
  EXPECT_EQ(chosen->sha256, HashOf("probe"));
  EXPECT_EQ(Gauge(), 0);
}

TEST_F(QuarantineTest, CrashWithinTheWindowLeavesTheModuleOutWhenNoneWasGood) {
  Run(std::chrono::seconds(30));
  Crash(HashOf("probe"));
  EXPECT_FALSE(Open()->Choose(module_, now_));
  EXPECT_THAT(log_.lines(), Contains("a module crashed the host"));
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("quarantine: the module is left out")));
  EXPECT_EQ(Gauge(), 1);
  // And stays so.
  EXPECT_FALSE(Open()->Choose(module_, now_));
}

TEST_F(QuarantineTest, CrashWithinTheWindowFallsBackToTheLastGoodCopy) {
  Run(std::chrono::seconds(120));
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("module file is good")));
  Install("probe2");
  Run(std::chrono::seconds(5));
  Crash(HashOf("probe2"));
  const auto chosen = Open()->Choose(module_, now_);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->sha256, HashOf("probe"));
  EXPECT_EQ(Gauge(), 1);
  // The copy can be loaded.
  Claims claims;
  auto instance = ModuleInstance::Create(*chosen, 1, environment_, claims);
  ASSERT_TRUE(instance.ok()) << instance.status();
  EXPECT_EQ((*instance)->report().note.version, "1.0.0");
  EXPECT_TRUE((*instance)->Unload(kPatience).unmapped);
}

TEST_F(QuarantineTest, CrashWhileItIsCreatedCountsToo) {
  ASSERT_TRUE(Open()->Choose(module_, now_));
  Crash(HashOf("probe"));
  EXPECT_FALSE(Open()->Choose(module_, now_));
}

// S78: a plan asks what would be loaded; the answer is that of Choose, and that is all.
TEST_F(QuarantineTest, ForeseeingLeavesNoTrace) {
  const auto quarantine = Open();
  EXPECT_EQ(quarantine->Foresee(module_)->sha256, HashOf("probe"));
  EXPECT_EQ(Gauge(), -1);
  // A window that had begun would put the file in quarantine.
  Crash(HashOf("probe"));
  const auto later = Open();
  EXPECT_TRUE(later->Choose(module_, now_));
  Crash(HashOf("probe"));
  const auto last = Open();
  const std::size_t lines = log_.lines().size();
  EXPECT_FALSE(last->Foresee(module_));
  EXPECT_EQ(log_.lines().size(), lines);
}

TEST_F(QuarantineTest, CrashAfterTheWindowIsNoReason) {
  Run(std::chrono::seconds(30));
  now_ += std::chrono::seconds(31);
  Crash(HashOf("probe"));
  EXPECT_TRUE(Open()->Choose(module_, now_));
}

TEST_F(QuarantineTest, FileThatWasGoodIsNeverPutInQuarantine) {
  Run(std::chrono::seconds(120));
  Run(std::chrono::seconds(1));
  Crash(HashOf("probe"));
  EXPECT_TRUE(Open()->Choose(module_, now_));
}

TEST_F(QuarantineTest, NewFileLiftsIt) {
  Run(std::chrono::seconds(1));
  Crash(HashOf("probe"));
  ASSERT_FALSE(Open()->Choose(module_, now_));
  Install("probe2");
  const auto chosen = Open()->Choose(module_, now_);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->sha256, HashOf("probe2"));
  EXPECT_EQ(Gauge(), 0);
}

TEST_F(QuarantineTest, PinnedModuleIsLeftOutRatherThanReplaced) {
  Run(std::chrono::seconds(120));
  Install("probe2");
  Run(std::chrono::seconds(1));
  Crash(HashOf("probe2"));
  module_.sha256 = HashOf("probe2");
  EXPECT_FALSE(Open()->Choose(module_, now_));
}

TEST_F(QuarantineTest, RetiredBeforeItsWindowPassedIsNotGood) {
  Run(std::chrono::seconds(1));
  EXPECT_THAT(log_.lines(), Not(Contains(HasSubstr("module file is good"))));
}

TEST_F(QuarantineTest, OnlyOneGoodCopyIsKept) {
  Run(std::chrono::seconds(120));
  Install("probe2");
  Run(std::chrono::seconds(120));
  std::vector<std::string> copies;
  for (const auto& each :
       std::filesystem::directory_iterator(host_.state_directory + "/modules/probe")) {
    if (each.path().extension() == ".so") copies.push_back(each.path().stem());
  }
  EXPECT_THAT(copies, testing::ElementsAre(HashOf("probe2")));
}

TEST_F(QuarantineTest, HalfARecordAndThatOfARunningProcessAreNoCrash) {
  ASSERT_TRUE(Open()->Choose(module_, now_));
  const std::string running =
      host_.state_directory + "/crash-" + std::to_string(::getppid()) + ".json";
  std::ofstream(running).close();
  std::ofstream(host_.state_directory + "/crash-999999999.json") << "{\"module\": \"pro";
  ASSERT_TRUE(Open()->Choose(module_, now_));
  EXPECT_TRUE(std::filesystem::exists(running));
  EXPECT_FALSE(std::filesystem::exists(host_.state_directory + "/crash-999999999.json"));
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(QuarantineTest, StateDirectoryThatEverybodyMayWriteIsRefused) {
  std::filesystem::create_directory(host_.state_directory);
  ::chmod(host_.state_directory.c_str(), 0777);
  const auto opened = Quarantine::Open(host_, log_, metrics_);
  EXPECT_THAT(std::string(opened.status().message()),
              testing::AllOf(HasSubstr(host_.state_directory), HasSubstr("writable by everybody")));
}

TEST_F(QuarantineTest, MissingFileIsLeftToTheLoader) {
  module_.path.path = "/no/such.so";
  EXPECT_TRUE(Open()->Choose(module_, now_));
}

}  // namespace
}  // namespace meshhost
