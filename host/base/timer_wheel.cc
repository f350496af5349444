// SPDX-License-Identifier: Apache-2.0
#include "host/base/timer_wheel.h"

#include <algorithm>

namespace meshhost {

void TimerWheel::Arm(Timer& timer, uint64_t when_ns) {
  timer.Disarm();
  timer.when_ns_ = when_ns;
  Place(timer);
  if (when_ns < wake_ns_ && wake_earlier_ != nullptr) {
    wake_ns_ = when_ns;
    wake_earlier_(wake_context_, when_ns);
  }
}

void TimerWheel::Place(Timer& timer) {
  // Rounded up, so that no timer fires early, and at least one tick ahead, because the current tick
  // has fired already.
  const uint64_t due = std::max((timer.when_ns_ + kTickNs - 1) / kTickNs, tick_ + 1);
  for (int level = 0; level < kLevels; ++level) {
    const int shift = level * kSlotBits;
    if ((due >> shift) - (tick_ >> shift) < kSlots) {
      slots_[level][(due >> shift) % kSlots].push_back(timer);
      return;
    }
  }
  // Beyond the horizon (about 200 days): parked in the furthest slot, placed anew when it cascades.
  const int shift = (kLevels - 1) * kSlotBits;
  slots_[kLevels - 1][((tick_ >> shift) + kSlots - 1) % kSlots].push_back(timer);
}

void TimerWheel::Cascade(int level) {
  List moving;
  moving.swap(slots_[level][(tick_ >> (level * kSlotBits)) % kSlots]);
  while (!moving.empty()) {
    Timer& timer = moving.front();
    moving.pop_front();
    // Due at this very tick: level 0's slot of it is about to fire.
    if ((timer.when_ns_ + kTickNs - 1) / kTickNs <= tick_) {
      slots_[0][tick_ % kSlots].push_back(timer);
    } else {
      Place(timer);
    }
  }
}

void TimerWheel::FireSlot(List& due) {
  List firing;
  firing.swap(due);
  while (!firing.empty()) {
    Timer& timer = firing.front();
    firing.pop_front();
    timer.callback_(timer.context_);
  }
}

void TimerWheel::Advance(uint64_t now_ns) {
  const uint64_t target = now_ns / kTickNs;
  while (tick_ < target) {
    ++tick_;
    for (int level = kLevels - 1; level > 0; --level) {
      const uint64_t mask = (uint64_t{1} << (level * kSlotBits)) - 1;
      if ((tick_ & mask) == 0) Cascade(level);
    }
    FireSlot(slots_[0][tick_ % kSlots]);
  }
}

uint64_t TimerWheel::NextWakeNs() const {
  // A slot of a higher level cascades when its first tick comes, which may be before anything in a
  // lower level is due: hence the minimum over all levels.
  uint64_t wake_tick = UINT64_MAX / kTickNs;
  for (int level = 0; level < kLevels; ++level) {
    const int shift = level * kSlotBits;
    for (uint64_t ahead = 1; ahead < kSlots; ++ahead) {
      const uint64_t slot = (tick_ >> shift) + ahead;
      if (slots_[level][slot % kSlots].empty()) continue;
      wake_tick = std::min(wake_tick, slot << shift);
      break;
    }
  }
  return wake_tick == UINT64_MAX / kTickNs ? UINT64_MAX : wake_tick * kTickNs;
}

}  // namespace meshhost
