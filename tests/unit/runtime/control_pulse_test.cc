// SPDX-License-Identifier: Apache-2.0
// Goal: the control thread counts as dead when it is silent for longer than it said. Method: a
// limit of no time at all, so that only what was announced keeps it alive.
#include "host/runtime/control_pulse.h"

#include <gtest/gtest.h>

namespace meshhost {
namespace {

constexpr uint64_t kNoPatience = 0;
constexpr uint64_t kHour = 3'600'000'000'000;

TEST(ControlPulse, S43_LoopThatTurnedJustNowLives) {
  ControlPulse pulse;
  EXPECT_TRUE(pulse.alive(kHour));
  EXPECT_FALSE(pulse.alive(kNoPatience));
}

TEST(ControlPulse, S43_AnnouncedSilenceIsInOrderUntilTheLoopTurnsAgain) {
  ControlPulse pulse;
  pulse.Allow(std::chrono::hours(1));
  EXPECT_TRUE(pulse.alive(kNoPatience));
  pulse.Allow(std::chrono::nanoseconds(0));  // less than what was announced takes nothing back
  EXPECT_TRUE(pulse.alive(kNoPatience));
  pulse.Beat();
  EXPECT_FALSE(pulse.alive(kNoPatience));
}

TEST(ControlPulse, S43_SilenceBeyondWhatWasAnnouncedIsDeath) {
  ControlPulse pulse;
  pulse.Allow(std::chrono::nanoseconds(0));
  EXPECT_FALSE(pulse.alive(kNoPatience));
}

}  // namespace
}  // namespace meshhost
