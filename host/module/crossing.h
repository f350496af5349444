// SPDX-License-Identifier: Apache-2.0
//
// Every entry into module code, on any thread, is a Crossing. It serves two purposes:
//  - the fatal-signal handler can say whose code was running (Crossing::Current is only a load);
//  - the host never calls module code from inside a host function: what would have to is deferred
//    until the outermost crossing of the thread has ended.
#pragma once

#include <atomic>
#include <cstdint>

#include "host/base/task.h"

namespace meshhost {

// Whose code runs: NUL-terminated texts that outlive the crossing, since a signal handler reads
// them.
struct CrossingMark {
  const char* module = "";
  const char* method = "";  // "echo.v1.Echo/Unary", "GET /echo", "create", "timer"
  std::uint64_t generation = 0;
  const char* sha256 = "";  // of the file that the code is from

  CrossingMark In(const char* other_method) const {
    return {module, other_method, generation, sha256};
  }
};

// What a thread knows about the module code on its stack. Part of Crossing.
struct CrossingState {
  const CrossingMark* mark = nullptr;
  Task* deferred_head = nullptr;
  Task* deferred_tail = nullptr;
  int depth = 0;
  int worker = -1;
  bool draining = false;
  std::uint64_t last_exit_ns = 0;  // of a timed crossing, coarse clock
};

// On the stack around one call into a module. `mark` must outlive it.
class Crossing final {
 public:
  static constexpr int kNoWorker = -1;

  explicit Crossing(const CrossingMark& mark, int worker = kNoWorker)
      : outer_mark_(state_.mark), outer_worker_(state_.worker) {
    state_.mark = &mark;
    state_.worker = worker;
    ++state_.depth;
    // Not left out where the compiler sees that nobody but a signal handler could read it.
    std::atomic_signal_fence(std::memory_order_release);
  }
  ~Crossing() {
    state_.mark = outer_mark_;
    state_.worker = outer_worker_;
    if (--state_.depth == 0 && state_.deferred_head != nullptr && !state_.draining) RunDeferred();
  }
  Crossing(const Crossing&) = delete;
  Crossing& operator=(const Crossing&) = delete;

  // How long the crossing has lasted, to some milliseconds; call before it ends. `turn_ns`: when
  // the event began in which it happened. One reading of the cheap clock instead of two precise
  // ones: the crossing began after the turn and after the crossing before.
  std::uint64_t Elapsed(std::uint64_t turn_ns) const;

  // Is module code on this thread's stack?
  static bool Active() { return state_.depth != 0; }
  // Innermost module on this thread's stack, or null. Async-signal-safe.
  static const CrossingMark* Current() { return state_.mark; }
  // Index of the worker whose inline handler this thread runs, or kNoWorker.
  static int Worker() { return state_.worker; }
  // Runs the task on this thread when no module code is on its stack any more; only while Active.
  static void Defer(Task& task);

 private:
  static void RunDeferred();

  // Per thread by nature: it describes the thread's stack.
  static inline constinit thread_local CrossingState state_{};

  const CrossingMark* outer_mark_;
  int outer_worker_;
};

// Calls `fn`, which enters the module. False: it threw. The ABI forbids that, so this is the second
// line; modules that link their own C++ runtime may end the process all the same.
template <typename Fn>
[[nodiscard]] bool Cross(const CrossingMark& mark, int worker, Fn&& fn) {
  Crossing crossing(mark, worker);
  try {
    fn();
  } catch (...) {
    return false;
  }
  return true;
}

}  // namespace meshhost
