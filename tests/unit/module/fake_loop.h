// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "host/base/clock.h"
#include "host/call/loop.h"

namespace meshhost {

// A worker whose thread is the test's own: it runs posted tasks when the test says so.
class FakeLoop final : public Loop {
 public:
  void Post(Task& task) override {
    std::lock_guard lock(mutex_);
    tasks_.push_back(&task);
    posted_.notify_one();
  }
  bool IsCurrent() const override { return std::this_thread::get_id() == owner_; }
  void AtTurnEnd(Task& task) override { Post(task); }
  TimerWheel& timers() override { return timers_; }
  ArenaPool& arenas() override { return arenas_; }
  uint64_t now_ns() const override { return turn_ns_; }
  uint32_t index() const override { return 0; }

  void BeginTurn() { turn_ns_ = MonotonicNs(); }
  // Runs what was posted. Returns how many.
  int RunPosted() {
    int ran = 0;
    while (Task* task = Take()) {
      BeginTurn();
      task->run(task);
      ++ran;
    }
    return ran;
  }
  // Runs posted tasks until `reached`.
  void RunUntil(const std::function<bool()>& reached) {
    while (!reached()) {
      if (RunPosted() > 0) continue;
      std::unique_lock lock(mutex_);
      // The condition may depend on other threads that post nothing, so the wait has an end.
      if (tasks_.empty()) posted_.wait_for(lock, std::chrono::milliseconds(1));
    }
  }

 private:
  Task* Take() {
    std::lock_guard lock(mutex_);
    if (tasks_.empty()) return nullptr;
    Task* task = tasks_.front();
    tasks_.pop_front();
    return task;
  }

  const std::thread::id owner_ = std::this_thread::get_id();
  TimerWheel timers_{MonotonicNs()};
  ArenaPool arenas_;
  uint64_t turn_ns_ = MonotonicNs();
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<Task*> tasks_;
};

}  // namespace meshhost
