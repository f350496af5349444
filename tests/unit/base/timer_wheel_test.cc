// SPDX-License-Identifier: Apache-2.0
// Goal: timers fire in time, never early, and at no cost when disarmed. Method: a wheel under a
// clock that the test moves.
#include "host/base/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace meshhost {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kStart = 123'456'789'012'345;

struct Fired {
  uint64_t now = kStart;
  uint64_t at = 0;
  int count = 0;
  static void Note(void* self) {
    auto* fired = static_cast<Fired*>(self);
    fired->at = fired->now;
    ++fired->count;
  }
};

// Follows NextWakeNs as a worker does.
void AdvanceTo(TimerWheel& wheel, uint64_t until, const std::vector<Fired*>& clocks) {
  for (uint64_t next = wheel.NextWakeNs(); next <= until; next = wheel.NextWakeNs()) {
    for (Fired* fired : clocks) fired->now = next;
    wheel.Advance(next);
  }
  for (Fired* fired : clocks) fired->now = until;
  wheel.Advance(until);
}

TEST(TimerWheel, FiresWithinOneTickAndNeverEarly) {
  for (uint64_t delay : std::vector<uint64_t>{1 * kMs, 5 * kMs, 250 * kMs, 1'100 * kMs,
                                              30'000 * kMs, 3'600'000 * kMs, 8 * 3'600'000 * kMs}) {
    TimerWheel wheel(kStart);
    Fired fired;
    Timer timer(&Fired::Note, &fired);
    wheel.Arm(timer, kStart + delay);
    AdvanceTo(wheel, kStart + delay + 2 * TimerWheel::kTickNs, {&fired});
    ASSERT_EQ(fired.count, 1) << delay;
    EXPECT_GE(fired.at, kStart + delay);
    EXPECT_LE(fired.at, kStart + delay + 2 * TimerWheel::kTickNs);
    EXPECT_FALSE(timer.armed());
  }
}

TEST(TimerWheel, ManyRandomTimersFireOnceEachInTime) {
  TimerWheel wheel(kStart);
  std::mt19937_64 random(7);
  struct Entry {
    Fired fired;
    std::unique_ptr<Timer> timer;
    uint64_t due;
  };
  std::vector<std::unique_ptr<Entry>> entries;
  std::vector<Fired*> clocks;
  for (int i = 0; i < 2000; ++i) {
    auto entry = std::make_unique<Entry>();
    entry->timer = std::make_unique<Timer>(&Fired::Note, &entry->fired);
    entry->due = kStart + random() % (200'000 * kMs);
    wheel.Arm(*entry->timer, entry->due);
    clocks.push_back(&entry->fired);
    entries.push_back(std::move(entry));
  }
  AdvanceTo(wheel, kStart + 200'100 * kMs, clocks);
  for (const auto& entry : entries) {
    ASSERT_EQ(entry->fired.count, 1);
    EXPECT_GE(entry->fired.at, entry->due);
    EXPECT_LE(entry->fired.at, entry->due + 2 * TimerWheel::kTickNs);
  }
}

TEST(TimerWheel, DisarmedAndDestroyedTimersDoNotFire) {
  TimerWheel wheel(kStart);
  Fired fired;
  Timer disarmed(&Fired::Note, &fired);
  wheel.Arm(disarmed, kStart + 10 * kMs);
  disarmed.Disarm();
  {
    Timer destroyed(&Fired::Note, &fired);
    wheel.Arm(destroyed, kStart + 10 * kMs);
  }
  EXPECT_EQ(wheel.NextWakeNs(), UINT64_MAX);
  wheel.Advance(kStart + 100 * kMs);
  EXPECT_EQ(fired.count, 0);
}

TEST(TimerWheel, RearmingMovesTheTimer) {
  TimerWheel wheel(kStart);
  Fired fired;
  Timer timer(&Fired::Note, &fired);
  wheel.Arm(timer, kStart + 10 * kMs);
  wheel.Arm(timer, kStart + 500 * kMs);
  wheel.Advance(kStart + 400 * kMs);
  EXPECT_EQ(fired.count, 0);
  wheel.Advance(kStart + 510 * kMs);
  EXPECT_EQ(fired.count, 1);
}

TEST(TimerWheel, ACallbackMayArmItselfAndDestroyAnotherTimerDueAtTheSameTime) {
  TimerWheel wheel(kStart);
  struct Context {
    TimerWheel& wheel;
    std::unique_ptr<Timer> victim;
    std::unique_ptr<Timer> self;
    int runs = 0;
  } context{wheel, nullptr, nullptr};
  Fired fired;
  context.victim = std::make_unique<Timer>(&Fired::Note, &fired);
  context.self = std::make_unique<Timer>(
      [](void* raw) {
        auto* c = static_cast<Context*>(raw);
        c->victim.reset();
        if (++c->runs < 3) c->wheel.Arm(*c->self, kStart);
      },
      &context);
  wheel.Arm(*context.self, kStart + 10 * kMs);
  wheel.Arm(*context.victim, kStart + 10 * kMs);
  for (int i = 1; i < 10; ++i) wheel.Advance(kStart + static_cast<uint64_t>(i) * 20 * kMs);
  EXPECT_EQ(context.runs, 3);
  EXPECT_EQ(fired.count, 0);
}

TEST(TimerWheel, TellsWhenATimerIsDueBeforeThePromisedWake) {
  struct Wakes {
    int count = 0;
    uint64_t when = 0;
    static void Note(void* self, uint64_t when_ns) {
      ++static_cast<Wakes*>(self)->count;
      static_cast<Wakes*>(self)->when = when_ns;
    }
  } wakes;
  TimerWheel wheel(kStart, &Wakes::Note, &wakes);
  Fired fired;
  Timer late(&Fired::Note, &fired);
  Timer early(&Fired::Note, &fired);
  wheel.Arm(late, kStart + 1000 * kMs);
  EXPECT_EQ(wakes.count, 1);
  wheel.Arm(early, kStart + 10 * kMs);
  EXPECT_EQ(wakes.count, 2);
  EXPECT_EQ(wakes.when, kStart + 10 * kMs);
  wheel.Arm(late, kStart + 2000 * kMs);
  EXPECT_EQ(wakes.count, 2);
}

}  // namespace
}  // namespace meshhost
