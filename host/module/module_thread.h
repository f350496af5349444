// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "host/module/crossing.h"
#include "host/module/handles.h"
#include "host/module/misbehaviour.h"

namespace meshhost {

// Starts a thread that no asynchronous signal is delivered to: those are the control thread's.
[[nodiscard]] std::thread StartModuleThread(const std::string& name, std::function<void()> body);

// Threads that a module asked for (mh.exec/1 thread). Owned by the ModuleInstance; any thread.
class ModuleThreads final {
 public:
  // `running` counts them.
  ModuleThreads(const CrossingMark& mark, std::atomic<std::int64_t>& running,
                MisbehaviourSink& misbehaviour)
      : mark_(mark), running_(running), misbehaviour_(misbehaviour) {}
  ~ModuleThreads();  // all have returned

  // `out`, when not null, is set before `fn` runs.
  void Start(const std::string& name, void (*fn)(void*), void* arg, mh_thread** out);
  // Waits for the thread and frees the handle. MH_INVALID: its own thread.
  static mh_rc Join(mh_thread* thread);
  // Joins what has returned already; only when none is running this frees all.
  void JoinReturned();

 private:
  struct Thread : ::mh_thread {
    explicit Thread(ModuleThreads& all) : owner(all) {}
    ModuleThreads& owner;
    std::thread thread;
    std::atomic<bool> returned{false};
  };

  std::unique_ptr<Thread> Take(mh_thread* handle);

  const CrossingMark mark_;
  std::atomic<std::int64_t>& running_;
  MisbehaviourSink& misbehaviour_;
  absl::Mutex mutex_;
  std::list<std::unique_ptr<Thread>> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace meshhost
