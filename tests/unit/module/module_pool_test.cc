// SPDX-License-Identifier: Apache-2.0
// Goal: the pool bounds what waits, timers run when due and never after they were cancelled, and
// stopping joins everything. Method: tasks and timers that the test holds up by flags.
#include "host/module/module_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "host/module/module_timer.h"
#include "tests/unit/module/fake_call.h"

namespace meshhost {
namespace {

void WaitUntil(const std::function<bool()>& reached) {
  while (!reached()) std::this_thread::yield();
}

struct Counter : Task {
  Counter() : Task([](Task* task) { static_cast<Counter*>(task)->Run(); }) {}
  void Run() {
    ++started;
    while (hold != nullptr && *hold) std::this_thread::yield();
    ++done;
  }
  std::atomic<bool>* hold = nullptr;
  std::atomic<int> started{0};
  std::atomic<int> done{0};
};

class ModulePoolTest : public testing::Test {
 protected:
  RecordingMisbehaviour misbehaviour_;
  CrossingMark mark_{"test", "timer", 1};
  ModulePool pool_{{"m:test", 1, 2, mark_, &misbehaviour_}};
};

constexpr auto kBounded = ModulePool::Admission::kBounded;
constexpr std::uint64_t kMillisecond = 1'000'000;

TEST_F(ModulePoolTest, FullQueueRefusesNewWorkButNotTheNextStepOfAcceptedWork) {
  std::atomic<bool> hold{true};
  Counter running;
  running.hold = &hold;
  Counter waiting[3];
  Counter refused;
  ASSERT_TRUE(pool_.Submit(running, kBounded));
  WaitUntil([&] { return running.started == 1; });
  EXPECT_TRUE(pool_.Submit(waiting[0], kBounded));
  EXPECT_TRUE(pool_.Submit(waiting[1], kBounded));
  EXPECT_FALSE(pool_.Submit(refused, kBounded));
  EXPECT_TRUE(pool_.Submit(waiting[2], ModulePool::Admission::kAccepted));
  hold = false;
  pool_.Stop();
  EXPECT_EQ(running.done + waiting[0].done + waiting[1].done + waiting[2].done, 4);
  EXPECT_EQ(refused.done, 0);
  EXPECT_FALSE(pool_.Submit(refused, kBounded));
}

void Increase(void* counter) { ++*static_cast<std::atomic<int>*>(counter); }

TEST_F(ModulePoolTest, TimerRunsOnceOrAgainAndAgain) {
  std::atomic<int> once{0};
  std::atomic<int> often{0};
  mh_timer* timer = nullptr;
  ASSERT_TRUE(pool_.AddTimer(kMillisecond, 0, Increase, &once, &timer));
  ASSERT_TRUE(pool_.AddTimer(0, kMillisecond, Increase, &often, &timer));
  WaitUntil([&] { return often >= 5; });
  EXPECT_EQ(once, 1);
  EXPECT_EQ(pool_.timers(), 1u);
  while (pool_.CancelAllTimers() > 0) std::this_thread::yield();
  const int after = often;
  pool_.Stop();
  EXPECT_EQ(often, after);
}

TEST_F(ModulePoolTest, EarlierTimerIsNotHeldUpByALaterOne) {
  std::atomic<int> late{0};
  std::atomic<int> early{0};
  mh_timer* timer = nullptr;
  ASSERT_TRUE(pool_.AddTimer(UINT64_MAX, 0, Increase, &late, &timer));
  ASSERT_TRUE(pool_.AddTimer(kMillisecond, 0, Increase, &early, nullptr));
  WaitUntil([&] { return early == 1; });
  EXPECT_EQ(pool_.CancelTimer(static_cast<ModuleTimer*>(timer)), MH_OK);
  EXPECT_EQ(pool_.timers(), 0u);
  EXPECT_EQ(late, 0);
}

struct SelfCancel {
  ModulePool* pool;
  mh_timer* timer = nullptr;
  std::atomic<int> runs{0};
  std::atomic<mh_rc> rc{MH_OK};
};

TEST_F(ModulePoolTest, CancelInsideItsOwnFunctionIsPendingAndFinal) {
  SelfCancel self{&pool_};
  ASSERT_TRUE(pool_.AddTimer(
      0, kMillisecond,
      [](void* arg) {
        auto* s = static_cast<SelfCancel*>(arg);
        s->rc = s->pool->CancelTimer(static_cast<ModuleTimer*>(s->timer));
        ++s->runs;
      },
      &self, &self.timer));
  WaitUntil([&] { return pool_.timers() == 0; });
  EXPECT_EQ(self.rc, MH_PENDING);
  EXPECT_EQ(self.runs, 1);
}

TEST_F(ModulePoolTest, ExceptionOfATimerIsReported) {
  ASSERT_TRUE(pool_.AddTimer(
      0, 0, [](void*) { throw 1; }, nullptr, nullptr));
  WaitUntil([&] { return pool_.timers() == 0; });
  EXPECT_EQ(misbehaviour_.exceptions, std::vector<std::string>{"timer"});
}

}  // namespace
}  // namespace meshhost
