// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "host/base/arena.h"
#include "host/base/task.h"
#include "host/base/timer_wheel.h"

namespace meshhost {

// A worker's event loop, as the layers above the network see it. Connections and calls live and die
// on one loop, so everything but Post and IsCurrent is for the loop's own thread only.
class Loop {
 public:
  virtual ~Loop() = default;

  // Any thread: runs the task on the loop's thread, in order per posting thread. Never runs inline.
  virtual void Post(Task& task) = 0;
  // Any thread: is the caller on the loop's thread?
  virtual bool IsCurrent() const = 0;

  // Runs the task once, after what is ready now: writes of one turn leave together.
  virtual void AtTurnEnd(Task& task) = 0;
  virtual TimerWheel& timers() = 0;
  virtual ArenaPool& arenas() = 0;
  // Monotonic; taken once per event, so it may lag by the time that event has been running.
  virtual uint64_t now_ns() const = 0;
  // 0..workers-1.
  virtual uint32_t index() const = 0;
};

}  // namespace meshhost
