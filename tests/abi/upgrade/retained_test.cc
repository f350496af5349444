// SPDX-License-Identifier: Apache-2.0
//
// Goal: a generation that keeps something is never unmapped: it is retained, the counter that holds
// it is named, what it calls of the host answers MH_GONE, and its successor serves. Method: the
// module `leftover`, which keeps what it is told to, under the host's own loader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/abi/upgrade/upgrade_fixture.h"

namespace meshhost {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kShort{20};

class Retained : public testing::Test {
 protected:
  Retained() {
    std::string pattern = std::filesystem::temp_directory_path() / "meshhost-retained-XXXXXX";
    run_ = ::mkdtemp(pattern.data());
    line_ = std::make_unique<Line>("leftover", TEST_MODULES_DIR "/leftover.so", run_);
    EXPECT_EQ(::pipe(wake_), 0);
    EXPECT_EQ(::pipe(report_), 0);
  }
  ~Retained() override {
    // What stays ends its wait; its code stays mapped, its file may go.
    for (int end : {wake_[1], report_[0]}) ::close(end);
    std::filesystem::remove_all(run_);
  }

  std::unique_ptr<ModuleInstance> Keeping(const std::string& what) {
    line_->config().config_json = R"({"keep": ")" + what + R"(", "wake": )" +
                                  std::to_string(wake_[0]) + R"(, "report": )" +
                                  std::to_string(report_[1]) + "}";
    return line_->Next();
  }
  // It stays mapped, and names why; the next generation comes, serves and goes beside it.
  void ExpectRetained(std::unique_ptr<ModuleInstance> instance, std::string_view held_by) {
    const ModuleInstance::Unloaded unloaded = instance->Unload(kShort);
    EXPECT_FALSE(unloaded.unmapped);
    EXPECT_THAT(unloaded.retained_by, HasSubstr(std::string(held_by)));
    EXPECT_TRUE(instance->gone());
    EXPECT_TRUE(IsMapped(instance->private_copy()) || instance->private_copy().empty());
    ModuleInstance::Abandon(std::move(instance));
    std::unique_ptr<ModuleInstance> next = Keeping("nothing");
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(caller_.Get(*next, "GET /keep"), "kept");
    EXPECT_TRUE(next->Unload(kPatience).unmapped);
  }
  // What the host functions answer to code of a retired generation.
  void ExpectGone(std::string_view of_call = "") {
    ASSERT_EQ(::write(wake_[1], "x", 1), 1);
    char line[200] = {};
    ASSERT_GT(::read(report_[0], line, sizeof(line) - 1), 0);
    EXPECT_EQ(line, "-3 -3 -3 -3 -3 -3 -3 -3 " + std::string(of_call) + "\n");
    EXPECT_THAT(line_->around().log.errors, IsEmpty());
  }

  std::string run_;
  std::unique_ptr<Line> line_;
  int wake_[2];
  int report_[2];
  Caller caller_;
};

TEST_F(Retained, NothingKeptIsUnmapped) {
  std::unique_ptr<ModuleInstance> instance = Keeping("nothing");
  EXPECT_EQ(caller_.Get(*instance, "GET /keep"), "kept");
  EXPECT_TRUE(instance->Unload(kPatience).unmapped);
}

TEST_F(Retained, ThreadIsNamedAndItsHostFunctionsAreGone) {
  ExpectRetained(Keeping("thread"), "1 thread");
  ExpectGone();
}

TEST_F(Retained, RunningTimerIsNamedAndItsHostFunctionsAreGone) {
  ExpectRetained(Keeping("timer"), "1 timer");
  ExpectGone();
}

TEST_F(Retained, PostedWorkIsNamedAndItsHostFunctionsAreGone) {
  ExpectRetained(Keeping("post"), "1 posted task");
  ExpectGone();
}

TEST_F(Retained, UnfinishedCallIsNamed) {
  std::unique_ptr<ModuleInstance> instance = Keeping("call");
  auto& call = *caller_.Begin(*instance, "GET /keep").release();  // open for ever
  call.Lose();
  ExpectRetained(std::move(instance), "1 call");
}

// The peer has gone, the module comes back to the call when its generation is over.
TEST_F(Retained, OperationsOfAnOpenCallAreGone) {
  std::unique_ptr<ModuleInstance> instance = Keeping("open");
  auto& call = *caller_.Begin(*instance, "GET /keep").release();
  call.Lose();
  ExpectRetained(std::move(instance), "1 call, 1 thread");
  // bind, pull, send_headers, send, finish; why it was cancelled, and that it has facts
  ExpectGone("-3 -3 -3 -3 -3 1 1 ");
  EXPECT_EQ(call.finishes, 0);
}

TEST_F(Retained, HostBlockThatTheModuleHoldsIsNamed) {
  std::unique_ptr<ModuleInstance> instance = Keeping("block");
  EXPECT_EQ(caller_.Get(*instance, "GET /keep"), "kept");
  EXPECT_EQ(caller_.Get(*instance, "GET /keep"), "kept");
  ExpectRetained(std::move(instance), "2 host blocks");
}

TEST_F(Retained, AllocatedBlockIsNamed) { ExpectRetained(Keeping("alloc"), "1 host block"); }

// The sanitizers start threads with a function of their own, so that they do not show.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(Retained, ThreadThatTheHostDoesNotKnowIsNamedAndItsHostFunctionsAreGone) {
  ExpectRetained(Keeping("stray"), "1 thread that it started without mh.exec/1");
  ExpectGone();
}
#endif

// A peer that reads slowly: the module's own memory waits in a queue of the host.
TEST_F(Retained, SliceThatTheHostStillHoldsIsNamed) {
  std::unique_ptr<ModuleInstance> instance = Keeping("slice");
  auto& call = *caller_.Begin(*instance, "GET /keep", FakeCall::Flush::kInside, /*keep_sent=*/true)
                    .release();
  ASSERT_EQ(call.sent, std::vector<std::string>{"kept"});
  ASSERT_TRUE(call.destroyed);
  ExpectRetained(std::move(instance), "1 slice");
}

// The dynamic linker keeps the file mapped as long as the thread lives, and nothing goes wrong when
// the thread ends later.
TEST_F(Retained, ThreadLocalObjectIsNamed) {
  std::unique_ptr<ModuleInstance> instance = Keeping("tls");
  std::thread worker([&] {
    Caller caller;
    EXPECT_EQ(caller.Get(*instance, "GET /keep"), "kept");
    ExpectRetained(std::move(instance), "thread-local");
  });
  worker.join();
}

}  // namespace
}  // namespace meshhost
