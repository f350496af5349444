// SPDX-License-Identifier: Apache-2.0
// Goal: a module that aborts, hangs, exits or fails while it is loaded, created or destroyed costs
// an error that names module, step and cause, and nothing else. Method: this program is host and
// child, and runs the modules `faulty` and `probe` while other threads of it are at work.
#include "host/module/preflight.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <thread>

#include "host/base/unique_fd.h"
#include "tests/unit/module/module_fixture.h"

namespace meshhost {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class PreflightTest : public testing::Test {
 protected:
  const ModuleConfig& Module(std::string name, std::string_view file, std::string config = "{}") {
    ModuleConfig& module = modules_.emplace_back();
    module.name = std::move(name);
    module.path.path = ModulePath(file);
    module.config_json = std::move(config);
    module.init_timeout = std::chrono::seconds(5);
    module.stop_timeout = std::chrono::seconds(5);
    return module;
  }
  // What becomes of the module `faulty` with these settings.
  std::string Try(std::string config, std::string_view file = "faulty") {
    plan_.changed = {&Module("billing", file, std::move(config))};
    return Run();
  }
  std::string Run() {
    plan_.run_directory = run_.path();
    const absl::Status status = Preflight(plan_, log_);
    EXPECT_EQ(run_.files(), 0u);  // the copies are gone
    return std::string(status.message());
  }

  TemporaryDirectory run_;
  RecordingLog log_;
  std::deque<ModuleConfig> modules_;
  PreflightPlan plan_;
};

TEST_F(PreflightTest, GoodModulesPass) {
  plan_.changed = {&Module("one", "probe"), &Module("two", "schema_v1")};
  plan_.changed.pop_back();  // it wants a database
  plan_.kept = {&Module("three", "schema_v1")};
  EXPECT_EQ(Run(), "");
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(PreflightTest, NothingChangedIsNothingTried) {
  plan_.executable = "/no/such/program";
  EXPECT_EQ(Run(), "");
}

TEST_F(PreflightTest, AbortInCreateNamesModuleStepSignalAndLastWords) {
  EXPECT_EQ(Try(R"({"create": "abort"})"),
            "pre-flight: module \"billing\": create: killed by SIGABRT (Aborted); its last output: "
            "about to abort");
}

TEST_F(PreflightTest, CrashInDestroyIsFound) {
  // Sanitizers take the signal, report and exit.
  EXPECT_THAT(
      Try(R"({"destroy": "segv"})"),
      AnyOf(HasSubstr("module \"billing\": destroy: killed by SIGSEGV (Segmentation fault)"),
            HasSubstr("module \"billing\": destroy: exited with code ")));
}

TEST_F(PreflightTest, AbortingConstructorIsFound) {
  EXPECT_THAT(Try("{}", "faulty_constructor"),
              HasSubstr("module \"billing\": load: killed by SIGABRT"));
}

TEST_F(PreflightTest, ExitInCreateNamesTheCode) {
  EXPECT_THAT(Try(R"({"create": "exit"})"),
              HasSubstr("module \"billing\": create: exited with code 7"));
}

TEST_F(PreflightTest, HangIsEndedAtTheDeadline) {
  plan_.changed = {&Module("billing", "faulty", R"({"create": "hang"})")};
  modules_.back().init_timeout = std::chrono::milliseconds(100);
  EXPECT_EQ(Run(),
            "pre-flight: module \"billing\": create: still not done after 100ms; its last output: "
            "about to hang");
}

TEST_F(PreflightTest, FailedCreateSaysWhatTheModuleSaid) {
  EXPECT_EQ(Try(R"({"create": "fail"})"), "pre-flight: module \"billing\": create: told to fail");
}

TEST_F(PreflightTest, UnfitFileIsRefusedAsTheLoaderDoes) {
  EXPECT_THAT(Try("{}", "refused_major"),
              AllOf(HasSubstr("pre-flight: module \"billing\""), HasSubstr("ABI")));
}

TEST_F(PreflightTest, ModuleThatWillStayMappedIsAWarning) {
  plan_.changed = {&Module("billing", "faulty", R"({"create": "thread"})")};
  modules_.back().stop_timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(Run(), "");
  EXPECT_THAT(log_.lines(), Contains("pre-flight: module could not be unloaded"));
}

TEST_F(PreflightTest, TwoModulesThatClaimTheSameAreFound) {
  plan_.changed = {&Module("one", "probe"), &Module("two", "probe")};
  EXPECT_THAT(Run(), HasSubstr("already taken by module \"one\""));
}

TEST_F(PreflightTest, ChildInheritsNoDescriptor) {
  const UniqueFd inherited(::dup2(0, 50));  // without FD_CLOEXEC
  EXPECT_EQ(Try(R"({"create": "fd50"})"), "");
}

TEST_F(PreflightTest, ProgramThatCannotBeRunIsAnError) {
  plan_.executable = "/no/such/program";
  EXPECT_THAT(Try("{}"), HasSubstr("pre-flight: /no/such/program: No such file"));
}

// A forked child could find the allocator's locks taken; this one cannot.
TEST_F(PreflightTest, WorksWhileOtherThreadsAllocate) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([&stop] {
      while (!stop) std::string(1000, 'x').append("y");
    });
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Try("{}"), "");
  stop = true;
  for (std::thread& other : others) other.join();
}

}  // namespace
}  // namespace meshhost

// The child is this program again, as it is the host's own outside of tests.
int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[2]) == "preflight") {
    std::_Exit(meshhost::RunPreflightChild());
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
