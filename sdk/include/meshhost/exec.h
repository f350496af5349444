// SPDX-License-Identifier: Apache-2.0
//
// Work outside of calls, on threads that the host counts and joins, so that the module can be
// unloaded: tasks on the module's pool, periodic timers, and threads of its own. In a coroutine
// handler, wait with Clock (stream.h) instead.
#pragma once

#include <meshhost/abi/exec.h>
#include <meshhost/guard.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace mh {

namespace detail {

// A function that the host calls through a C pointer.
struct Work {
  static void RunOnce(void* argument) noexcept {
    const std::unique_ptr<Work> self(static_cast<Work*>(argument));
    Run(self.get());
  }
  static void Run(void* argument) noexcept {
    Work* self = static_cast<Work*>(argument);
    const Status status = Guarded(self->host, [self] {
      self->function();
      return Status();
    });
    (void)status;  // what was thrown is in the log
  }

  Host host;
  std::function<void()> function;
};

}  // namespace detail

// Runs `function` once on the module's pool. kResourceExhausted: its queue is full.
inline Status Post(const Host& host, std::function<void()> function) {
  const auto* exec = host.Query<mh_exec_1>(MH_EXEC_1);
  if (exec == nullptr) return Unimplemented("this host has no mh.exec/1");
  auto work = std::make_unique<detail::Work>(detail::Work{host, std::move(function)});
  const mh_rc rc = exec->post(host.instance(), &detail::Work::RunOnce, work.get());
  if (rc == MH_OK) work.release();  // RunOnce owns it
  return FromHost(rc, mh_err{}, "post");
}

// Calls a function again and again on the module's pool. Member of the module: Start in
// Module::Start, Cancel in Module::Drain (a module with a running timer is not unloaded).
class PeriodicTimer final {
 public:
  PeriodicTimer() = default;
  PeriodicTimer(const PeriodicTimer&) = delete;
  PeriodicTimer& operator=(const PeriodicTimer&) = delete;
  // The host destroys a module only when its timers are gone, so nothing runs here any more.
  ~PeriodicTimer() { Cancel(); }

  Status Start(const Host& host, std::chrono::nanoseconds every, std::function<void()> function) {
    Cancel();
    exec_ = host.Query<mh_exec_1>(MH_EXEC_1);
    if (exec_ == nullptr) return Unimplemented("this host has no mh.exec/1");
    work_ = std::make_unique<detail::Work>(detail::Work{host, std::move(function)});
    const auto period = static_cast<uint64_t>(every.count());
    return FromHost(
        exec_->timer(host.instance(), period, period, &detail::Work::Run, work_.get(), &timer_),
        mh_err{}, "timer");
  }

  // A run that is under way may still end after this returns.
  void Cancel() {
    if (timer_ != nullptr) exec_->timer_cancel(std::exchange(timer_, nullptr));
  }

 private:
  const mh_exec_1* exec_ = nullptr;
  mh_timer* timer_ = nullptr;
  std::unique_ptr<detail::Work> work_;
};

// A thread of the module's own. Member of the module: tell it to end and Join in Module::Drain.
class Thread final {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { Join(); }

  Status Start(const Host& host, std::string_view name, std::function<void()> function) {
    exec_ = host.Query<mh_exec_1>(MH_EXEC_1);
    if (exec_ == nullptr) return Unimplemented("this host has no mh.exec/1");
    work_ = std::make_unique<detail::Work>(detail::Work{host, std::move(function)});
    return FromHost(
        exec_->thread(host.instance(), Str(name), &detail::Work::Run, work_.get(), &thread_),
        mh_err{}, name);
  }

  void Join() {
    if (thread_ != nullptr) exec_->join(std::exchange(thread_, nullptr));
  }

 private:
  const mh_exec_1* exec_ = nullptr;
  mh_thread* thread_ = nullptr;
  std::unique_ptr<detail::Work> work_;
};

}  // namespace mh
