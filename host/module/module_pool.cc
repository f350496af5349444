// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_pool.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "host/base/clock.h"
#include "host/module/module_thread.h"
#include "host/module/module_timer.h"

namespace meshhost {

ModulePool::ModulePool(Options options) : options_(std::move(options)) {}

ModulePool::~ModulePool() { Stop(); }

bool ModulePool::Submit(Task& task, Admission admission) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return false;
  if (admission == Admission::kBounded && queued_ >= options_.queue) return false;
  Push(task);
  return true;
}

std::size_t ModulePool::queued() const {
  absl::MutexLock lock(&mutex_);
  return queued_;
}

void ModulePool::StartThreads() {
  for (std::uint32_t i = 0; i < std::max(options_.threads, 1u); ++i) {
    threads_.push_back(StartModuleThread(options_.thread_name, [this] { Run(); }));
  }
}

void ModulePool::Push(Task& task) {
  if (threads_.empty()) StartThreads();
  task.next = nullptr;
  if (head_ == nullptr) {
    head_ = &task;
  } else {
    tail_->next = &task;
  }
  tail_ = &task;
  ++queued_;
  changed_.Signal();
}

Task* ModulePool::Pop() {
  Task* task = head_;
  if (task == nullptr) return nullptr;
  head_ = task->next;
  --queued_;
  return task;
}

void ModulePool::Run() {
  mutex_.Lock();
  for (;;) {
    QueueDueTimers();
    if (Task* task = Pop()) {
      mutex_.Unlock();
      task->run(task);
      mutex_.Lock();
      continue;
    }
    if (stopping_) break;
    WaitForWork();
  }
  mutex_.Unlock();
}

void ModulePool::WaitForWork() {
  if (armed_.empty()) return changed_.Wait(&mutex_);
  const std::uint64_t now = MonotonicNs();
  const std::uint64_t due = armed_.begin()->first;
  if (due <= now) return;
  changed_.WaitWithTimeout(&mutex_, absl::Nanoseconds(due - now));
}

void ModulePool::QueueDueTimers() {
  if (armed_.empty()) return;
  const std::uint64_t now = MonotonicNs();
  while (!armed_.empty() && armed_.begin()->first <= now) {
    ModuleTimer* timer = armed_.begin()->second;
    armed_.erase(armed_.begin());
    timer->state = ModuleTimer::State::kQueued;
    Push(*timer);
  }
}

bool ModulePool::AddTimer(std::uint64_t after_ns, std::uint64_t every_ns, void (*fn)(void*),
                          void* arg, mh_timer** out) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return false;
  if (threads_.empty()) StartThreads();
  auto* timer = new ModuleTimer(*this, every_ns, fn, arg);
  const std::uint64_t now = MonotonicNs();
  timer->due_ns = after_ns > UINT64_MAX - now ? UINT64_MAX : now + after_ns;
  timer->position = armed_.emplace(timer->due_ns, timer);
  all_timers_.push_back(timer);
  if (out != nullptr) *out = timer;
  // Whoever sleeps may have to wake earlier than it meant to.
  changed_.Signal();
  return true;
}

void ModulePool::Forget(ModuleTimer* timer) {
  all_timers_.erase(std::find(all_timers_.begin(), all_timers_.end(), timer));
  delete timer;
}

mh_rc ModulePool::CancelTimer(ModuleTimer* timer) {
  absl::MutexLock lock(&mutex_);
  timer->cancelled = true;
  switch (timer->state) {
    case ModuleTimer::State::kArmed:
      armed_.erase(timer->position);
      Forget(timer);
      return MH_OK;
    case ModuleTimer::State::kQueued:
      return MH_OK;
    case ModuleTimer::State::kRunning:
      return MH_PENDING;
  }
  return MH_INVALID;
}

std::size_t ModulePool::CancelAllTimers() {
  absl::MutexLock lock(&mutex_);
  for (const auto& [due, timer] : armed_) Forget(timer);
  armed_.clear();
  for (ModuleTimer* timer : all_timers_) timer->cancelled = true;
  return all_timers_.size();
}

std::size_t ModulePool::timers() const {
  absl::MutexLock lock(&mutex_);
  return all_timers_.size();
}

void ModulePool::RunTimer(ModuleTimer* timer) {
  {
    absl::MutexLock lock(&mutex_);
    if (timer->cancelled) return Forget(timer);
    timer->state = ModuleTimer::State::kRunning;
  }
  if (!Cross(options_.timer_mark, Crossing::kNoWorker, [timer] { timer->fn(timer->arg); })) {
    options_.misbehaviour->OnException(options_.timer_mark.method);
  }
  absl::MutexLock lock(&mutex_);
  if (timer->cancelled || timer->every_ns == 0 || stopping_) return Forget(timer);
  // At a fixed rate, but runs that a slow one made impossible are left out.
  const std::uint64_t now = MonotonicNs();
  const std::uint64_t missed = now > timer->due_ns ? (now - timer->due_ns) / timer->every_ns : 0;
  timer->due_ns += (missed + 1) * timer->every_ns;
  timer->state = ModuleTimer::State::kArmed;
  timer->position = armed_.emplace(timer->due_ns, timer);
}

void ModulePool::Stop() {
  CancelAllTimers();
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    threads.swap(threads_);
    changed_.SignalAll();
  }
  for (std::thread& thread : threads) thread.join();
}

ModuleTimer::ModuleTimer(ModulePool& owner, std::uint64_t every, void (*function)(void*),
                         void* argument)
    : Task([](Task* task) {
        auto* timer = static_cast<ModuleTimer*>(task);
        timer->pool.RunTimer(timer);
      }),
      pool(owner),
      every_ns(every),
      fn(function),
      arg(argument) {}

}  // namespace meshhost
