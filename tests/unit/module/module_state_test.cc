// SPDX-License-Identifier: Apache-2.0
// Goal: what one generation of a module saves is what the next one loads, and no fault of the old
// one keeps its successor out. Method: the module `stateful` in three formats, two generations at a
// time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/module/module_fixture.h"

namespace meshhost {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::chrono::seconds kPatience{10};

class ModuleStateTest : public testing::Test {
 protected:
  ~ModuleStateTest() override {
    for (auto& instance : instances_) EXPECT_TRUE(instance->Unload(kPatience).unmapped);
  }
  ModuleInstance& Created(std::string_view file, std::string config_json) {
    ModuleConfig config;
    config.name = "stateful";
    config.path.path = ModulePath(file);
    config.config_json = std::move(config_json);
    config.state_limit = 10000;
    auto instance = ModuleInstance::Create(config, ++generation_, environment_, claims_);
    EXPECT_TRUE(instance.ok()) << instance.status();
    return *instances_.emplace_back(*std::move(instance));
  }
  // An old generation with this setting hands over to the new one, which starts when it may.
  absl::Status Upgrade(std::string_view old_file, std::string old_config, std::string_view new_file,
                       std::string new_config = "{}") {
    ModuleInstance& old = Created(old_file, std::move(old_config));
    EXPECT_TRUE(old.Start().ok());
    ModuleInstance& fresh = Created(new_file, std::move(new_config));
    const absl::Status handed = fresh.HandOver(old);
    if (!handed.ok()) return handed;
    return fresh.Start();
  }

  TemporaryDirectory run_;
  Registry metrics_{{}};
  RecordingLog log_;
  RecordingHealth health_;
  ModuleEnvironment environment_{metrics_, log_, health_, run_.path()};
  Claims claims_;
  std::uint64_t generation_ = 0;
  std::deque<std::unique_ptr<ModuleInstance>> instances_;
};

TEST_F(ModuleStateTest, NextGenerationTakesWhatTheOldOneSaved) {
  ASSERT_TRUE(Upgrade("state_v1", R"({"remember": "milk"})", "state_v1").ok());
  EXPECT_THAT(log_.lines(),
              AllOf(Contains("took \"milk\" of format 1"), Contains("state handed over"),
                    Contains("started with \"milk\"")));
}

TEST_F(ModuleStateTest, NewerFormatReadsAnOlderOne) {
  ASSERT_TRUE(Upgrade("state_v1", R"({"remember": "milk"})", "state_v2").ok());
  EXPECT_THAT(log_.lines(), Contains("took \"milk\" of format 1"));
}

TEST_F(ModuleStateTest, FormatThatIsTooOldOrTooNewStartsEmptyWithAWarning) {
  for (const auto& [from, to] : {std::pair("state_v1", "state_v3"), {"state_v2", "state_v1"}}) {
    const std::size_t before = log_.lines().size();
    ASSERT_TRUE(Upgrade(from, R"({"remember": "milk"})", to).ok());
    std::vector<std::string> lines = log_.lines();
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(before));
    EXPECT_THAT(lines, AllOf(Contains("state not handed over: its format is not understood"),
                             Contains("started with \"\""), Not(Contains(HasSubstr("took")))));
  }
}

TEST_F(ModuleStateTest, OldGenerationThatCannotSaveDoesNotKeepTheNewOneOut) {
  ASSERT_TRUE(Upgrade("state_v1", R"({"remember": "milk", "save": "fail"})", "state_v1").ok());
  EXPECT_THAT(log_.lines(),
              AllOf(Contains("state not handed over: the old generation failed to save it"),
                    Contains("started with \"\"")));
}

TEST_F(ModuleStateTest, StateAboveTheLimitIsDropped) {
  ASSERT_TRUE(Upgrade("state_v1", R"({"remember": "milk", "save": "many"})", "state_v1").ok());
  EXPECT_THAT(log_.lines(), AllOf(Contains("state not handed over: it is larger than state_limit"),
                                  Contains("started with \"\"")));
}

TEST_F(ModuleStateTest, NewGenerationMayRefuse) {
  ASSERT_TRUE(
      Upgrade("state_v1", R"({"remember": "milk"})", "state_v1", R"({"load": "refuse"})").ok());
  EXPECT_THAT(log_.lines(), AllOf(Contains("state not handed over: the new generation refused it"),
                                  Contains("started with \"\"")));
}

TEST_F(ModuleStateTest, NewGenerationThatFailsToLoadIsAnError) {
  const absl::Status status =
      Upgrade("state_v1", R"({"remember": "milk"})", "state_v1", R"({"load": "fail"})");
  EXPECT_EQ(status.message(), "module \"stateful\": state load: told to fail");
  EXPECT_THAT(instances_.front()->Holding(), IsEmpty());
}

TEST_F(ModuleStateTest, ModuleWithoutStateIsPassedOver) {
  ModuleInstance& old = Created("state_v1", R"({"remember": "milk"})");
  ModuleInstance& fresh = Created("probe", "{}");
  EXPECT_TRUE(fresh.HandOver(old).ok());
  EXPECT_TRUE(old.HandOver(fresh).ok());
  EXPECT_THAT(log_.lines(), Not(Contains(HasSubstr("state"))));
}

TEST_F(ModuleStateTest, ReconfigureShowsTheNewSettingsAndAFailedOneTheOld) {
  ModuleInstance& module = Created("state_v1", R"({"remember": "milk"})");
  ASSERT_TRUE(module.Start().ok());
  ASSERT_TRUE(module.Reconfigure(R"({"remember": "bread"})").ok());
  const absl::Status failed = module.Reconfigure(R"({"remember": "salt", "reconfigure": "fail"})");
  EXPECT_EQ(failed.message(), "module \"stateful\": reconfigure: told to fail");
  mh_str text;
  ASSERT_EQ(module.config().Text("/remember", &text), MH_OK);
  EXPECT_EQ(std::string(text.p, text.n), "bread");
}

}  // namespace
}  // namespace meshhost
