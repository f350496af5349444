// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

#include "host/base/task.h"
#include "host/module/handles.h"

namespace meshhost {

class ModulePool;

// One timer of mh.exec/1. Owned by its ModulePool; everything but the task is guarded by its mutex.
//
//   armed --due--> queued --> running --every--> armed
//     |               |          \--once, or cancelled--> freed
//     cancel: freed   cancel: freed when its turn comes, without running
class ModuleTimer final : public ::mh_timer, public Task {
 public:
  enum class State { kArmed, kQueued, kRunning };

  ModuleTimer(ModulePool& pool, std::uint64_t every_ns, void (*fn)(void*), void* arg);

  ModulePool& pool;
  const std::uint64_t every_ns;
  void (*const fn)(void*);
  void* const arg;
  std::uint64_t due_ns = 0;
  State state = State::kArmed;
  bool cancelled = false;
  std::multimap<std::uint64_t, ModuleTimer*>::iterator position;  // kArmed
};

}  // namespace meshhost
