// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace meshhost {

// One piece of work in a Loop's queue. Intrusive: the object that has work to do derives from it or
// holds it, so posting allocates nothing. In at most one queue at a time; must stay alive until
// run.
struct Task {
  explicit Task(void (*run_function)(Task*)) : run(run_function) {}
  void (*run)(Task*);
  Task* next = nullptr;
};

}  // namespace meshhost
