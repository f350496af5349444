// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "host/base/clock.h"
#include "host/call/loop.h"

namespace meshhost {

// Does a worker's loop still turn? The service thread asks by posting; the worker answers by noting
// the time. A worker that blocks in module code for long is not alive.
class Heartbeat final {
 public:
  static constexpr uint64_t kAskEveryNs = 1'000'000'000;
  static constexpr uint64_t kDeadAfterNs = 10'000'000'000;

  explicit Heartbeat(Loop& loop) : loop_(loop), task_(*this), answered_ns_(MonotonicNs()) {}

  // Service thread. Does nothing while an earlier question is unanswered.
  void Ask() {
    if (!asked_.exchange(true, std::memory_order_acq_rel)) loop_.Post(task_);
  }
  // Any thread.
  bool alive() const { return silence_ns() < kDeadAfterNs; }
  // Since the last answer; while all is well, at most a little more than the time between
  // questions.
  uint64_t silence_ns() const {
    return MonotonicNs() - answered_ns_.load(std::memory_order_acquire);
  }

 private:
  struct Answer : Task {
    explicit Answer(Heartbeat& owner) : Task(&Run), heartbeat(owner) {}
    static void Run(Task* task) { static_cast<Answer*>(task)->heartbeat.OnAnswer(); }
    Heartbeat& heartbeat;
  };
  void OnAnswer() {
    answered_ns_.store(MonotonicNs(), std::memory_order_release);
    asked_.store(false, std::memory_order_release);
  }

  Loop& loop_;
  Answer task_;
  std::atomic<uint64_t> answered_ns_;
  std::atomic<bool> asked_{false};
};

}  // namespace meshhost
