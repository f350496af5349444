// SPDX-License-Identifier: Apache-2.0
#include "host/module/crossing.h"

#include <algorithm>
#include <ctime>

namespace meshhost {

std::uint64_t Crossing::Elapsed(std::uint64_t turn_ns) const {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  const std::uint64_t now_ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
                               static_cast<std::uint64_t>(now.tv_nsec);
  const std::uint64_t began_ns = std::max(turn_ns, state_.last_exit_ns);
  state_.last_exit_ns = now_ns;
  // The coarse clock may lag behind the turn's precise one.
  return now_ns > began_ns ? now_ns - began_ns : 0;
}

void Crossing::Defer(Task& task) {
  task.next = nullptr;
  if (state_.deferred_head == nullptr) {
    state_.deferred_head = &task;
  } else {
    state_.deferred_tail->next = &task;
  }
  state_.deferred_tail = &task;
}

void Crossing::RunDeferred() {
  // Tasks cross again; `draining` makes those inner crossings leave their tasks to this loop, so
  // that a long exchange of events costs no stack.
  state_.draining = true;
  while (state_.deferred_head != nullptr) {
    Task* task = state_.deferred_head;
    state_.deferred_head = task->next;
    task->run(task);
  }
  state_.draining = false;
}

}  // namespace meshhost
