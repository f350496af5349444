// SPDX-License-Identifier: Apache-2.0
#include "host/module/crossing.h"

namespace meshhost {

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
