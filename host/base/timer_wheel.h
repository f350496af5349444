// SPDX-License-Identifier: Apache-2.0
//
// TimerWheel: the time-outs of one worker. Every call has a deadline and nearly all of them are
// disarmed before they fire, so arming and disarming must cost nanoseconds and no memory: a
// hierarchical wheel (Varghese and Lauck, 1987) of intrusive lists. The price is a resolution of
// one tick: a timer fires up to kTickNs late, never early.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <cstdint>

namespace meshhost {

// Belongs to the object that waits; disarms itself when destroyed. Worker thread only.
class Timer final : public boost::intrusive::list_base_hook<
                        boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  using Callback = void (*)(void* context);

  Timer(Callback callback, void* context) : callback_(callback), context_(context) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const { return is_linked(); }
  uint64_t when_ns() const { return when_ns_; }
  void Disarm() {
    if (is_linked()) unlink();
  }

 private:
  friend class TimerWheel;
  Callback callback_;
  void* context_;
  uint64_t when_ns_ = 0;
};

// Not thread-safe: one per worker. Must outlive its armed timers, or be destroyed with them idle.
class TimerWheel final {
 public:
  static constexpr uint64_t kTickNs = 1u << 22;  // 4.2 ms

  // Called from Arm when a timer is due before the time that the owner promised to wake at.
  using WakeEarlier = void (*)(void* context, uint64_t when_ns);

  explicit TimerWheel(uint64_t now_ns, WakeEarlier wake_earlier = nullptr, void* context = nullptr)
      : wake_earlier_(wake_earlier), wake_context_(context), tick_(now_ns / kTickNs) {}

  // Re-arms when armed. when_ns in the past fires at the next Advance.
  void Arm(Timer& timer, uint64_t when_ns);

  // Fires what is due. Callbacks may arm, disarm and destroy timers, themselves included.
  void Advance(uint64_t now_ns);

  // The owner's promise to call Advance at that time.
  void SetWake(uint64_t when_ns) { wake_ns_ = when_ns; }

  // A time not after the earliest expiry at which Advance should be called next; UINT64_MAX when
  // nothing is armed.
  uint64_t NextWakeNs() const;

 private:
  using List = boost::intrusive::list<Timer, boost::intrusive::constant_time_size<false>>;
  static constexpr int kLevels = 4;
  static constexpr int kSlotBits = 8;
  static constexpr uint64_t kSlots = 1u << kSlotBits;

  void Place(Timer& timer);
  void Cascade(int level);
  void FireSlot(List& due);

  std::array<std::array<List, kSlots>, kLevels> slots_;
  WakeEarlier wake_earlier_;
  void* wake_context_;
  uint64_t wake_ns_ = UINT64_MAX;
  uint64_t tick_;  // ticks up to and including this one have fired
};

}  // namespace meshhost
