// SPDX-License-Identifier: Apache-2.0
//
// The threads on which one generation of a module may block: pool handlers, posted work, timers.
// They belong to the generation alone, so that a module which blocks hurts only itself, and are
// joined before its code is unmapped, so that their thread-local objects end in time.
//
// Threads start with the first work: a module with inline handlers only has none. Due timers are
// moved to the ready queue by the pool's own threads; no thread exists only to wait.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "host/base/task.h"
#include "host/module/crossing.h"
#include "host/module/handles.h"
#include "host/module/misbehaviour.h"

namespace meshhost {

class ModuleTimer;

// Owned by the ModuleInstance. Any thread, except Stop.
class ModulePool final {
 public:
  struct Options {
    std::string thread_name;  // shown by ps; cut to 15 characters
    std::uint32_t threads = 4;
    std::uint32_t queue = 1024;
    CrossingMark timer_mark;
    MisbehaviourSink* misbehaviour = nullptr;  // outlives the pool
  };
  // kBounded: new work, refused when the queue is full. kAccepted: the next step of work that was
  // admitted before, bounded by that.
  enum class Admission { kBounded, kAccepted };

  explicit ModulePool(Options options);
  ~ModulePool();  // Stop
  ModulePool(const ModulePool&) = delete;
  ModulePool& operator=(const ModulePool&) = delete;

  // Runs the task on one of the pool's threads. False when its queue is full or it was stopped.
  [[nodiscard]] bool Submit(Task& task, Admission admission);
  std::size_t queued() const;

  // mh.exec/1 timers.
  // `out`, when not null, is set before the timer can run. False: stopped.
  [[nodiscard]] bool AddTimer(std::uint64_t after_ns, std::uint64_t every_ns, void (*fn)(void*),
                              void* arg, mh_timer** out);
  mh_rc CancelTimer(ModuleTimer* timer);
  // Frees every timer; those that run now are freed when they return. Returns how many still run.
  std::size_t CancelAllTimers();
  std::size_t timers() const;

  // Runs what is queued, then joins. Waits for module code: only once nothing of it blocks.
  void Stop();

 private:
  using Timers = std::multimap<std::uint64_t, ModuleTimer*>;  // by when they are due
  friend class ModuleTimer;

  void Run();
  void StartThreads() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Push(Task& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Task* Pop() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void QueueDueTimers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WaitForWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunTimer(ModuleTimer* timer);
  void Forget(ModuleTimer* timer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  Task* head_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Task* tail_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  Timers armed_ ABSL_GUARDED_BY(mutex_);
  std::vector<ModuleTimer*> all_timers_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace meshhost
