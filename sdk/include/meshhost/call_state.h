// SPDX-License-Identifier: Apache-2.0
//
// [skin] The machine under every coroutine handler: turns the host's events into resumptions.
//
// A handler's coroutine waits for one thing at a time, so one `waiting_` word is the whole state:
//
//            co_await Read/Write/Sleep/Inbox
//   kNothing --------------------------------> kMessage | kWritable | kTimer | kInbox
//      ^                                              |
//      +---- on_message, on_writable, timer, Push, or on_cancel / on_half_close ("no") ----+
//
// Whoever moves it back to kNothing under the mutex owns the right to resume, exactly once. Events
// of a call are serial, but timers and Push come from other threads; hence the mutex.
//
// Messages need no queue: Read grants one message and waits, so each lands in the variable that
// the coroutine reads into, straight from the host's slices.
//
// Life: two references, the coroutine's (until finish) and the host's (until on_end); each timer
// or posted wake-up holds one more.
#pragma once

#include <meshhost/abi/exec.h>
#include <meshhost/call.h>
#include <meshhost/guard.h>
#include <meshhost/task.h>

#include <atomic>
#include <coroutine>
#include <mutex>

namespace mh {
namespace detail {

class CallState {
 public:
  enum class Waiting { kNothing, kMessage, kWritable, kTimer, kInbox };
  using Take = bool (*)(void* out, const MessageView& message);

  CallState(Host host, mh_call* handle, uint32_t kind)
      : host_(host),
        call_(host, handle, this),
        kind_(kind),
        exec_(host.Query<mh_exec_1>(MH_EXEC_1)) {}
  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;
  virtual ~CallState() = default;

  Call& call() { return call_; }
  const Host& host() const { return host_; }

  // Inside on_call, first: events from now on. False: the host refused; drop the state.
  bool Bind() {
    static const mh_call_events events = {sizeof(events), &OnMessage, &OnHalfClose,
                                          &OnWritable,    &OnCancel,  &OnEnd};
    return host_.calls().bind(call_.handle(), &events, this) == MH_OK;
  }

  // `make` makes the handler's coroutine, which runs until its first wait.
  template <class Make>
  void Run(Make make) {
    const Status made = Guarded(host_, [&] {
      task_ = make();
      return Status();
    });
    if (made.ok()) {
      task_.Start(&OnDone, this);
      return;
    }
    call_.Finish(made, nullptr);
    Release();
  }

  // --- waits; called by awaiters on the coroutine's thread. True: suspended. ---

  bool StartRead(std::coroutine_handle<> waiter, Take take, void* out) {
    const std::lock_guard<std::mutex> lock(mutex_);
    result_ = false;
    if (half_closed_ || Refused()) return false;
    take_ = take;
    take_into_ = out;
    Suspend(Waiting::kMessage, waiter);
    if (!granted_) host_.calls().pull(call_.handle(), 1);
    granted_ = true;
    return true;
  }

  bool StartWrite(std::coroutine_handle<> waiter) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!SendPending()) return false;
    Suspend(Waiting::kWritable, waiter);
    return true;
  }

  bool StartSleep(std::coroutine_handle<> waiter, uint64_t nanoseconds) {
    const std::lock_guard<std::mutex> lock(mutex_);
    result_ = false;
    if (Refused() || exec_ == nullptr) return false;
    Wakeup* wakeup = new Wakeup{this, ++timer_serial_};
    if (exec_->timer(host_.instance(), nanoseconds, 0, &OnTimer, wakeup, &timer_) != MH_OK) {
      delete wakeup;
      return false;
    }
    timer_wakeup_ = wakeup;
    AddReference();
    Suspend(Waiting::kTimer, waiter);
    return true;
  }

  // `ready`: asked under the mutex whether there is something already.
  bool StartInboxWait(std::coroutine_handle<> waiter, bool (*ready)(void*), void* inbox) {
    const std::lock_guard<std::mutex> lock(mutex_);
    result_ = ready(inbox);
    if (result_ || (half_closed_ && kind_ == MH_KIND_BIDI) || Refused()) return false;
    Suspend(Waiting::kInbox, waiter);
    return true;
  }

  bool result() const { return result_; }
  Buffer& pending() { return pending_; }
  void set_pending_flags(uint32_t flags) { pending_flags_ = flags; }

  // Messages that nobody reads are dropped from now on, so that the peer's close is seen.
  void IgnoreMessages() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ignoring_ = true;
    if (!granted_) host_.calls().pull(call_.handle(), 1);
    granted_ = true;
  }

  // --- Inbox: any thread ---
  std::mutex& mutex() { return mutex_; }

  // With the mutex held: wakes a coroutine that waits for its inbox, on a pool thread.
  void WakeInbox() {
    if (waiting_ != Waiting::kInbox) return;
    Wakeup* wakeup = new Wakeup{this, 0};
    mh_timer* unused = nullptr;
    if (exec_ != nullptr &&
        (exec_->post(host_.instance(), &OnPosted, wakeup) == MH_OK ||
         // The pool's queue is full: try again a little later rather than run here, on the
         // publisher's thread and perhaps under its lock.
         exec_->timer(host_.instance(), 1000000, 0, &OnPosted, wakeup, &unused) == MH_OK)) {
      AddReference();
      waiting_ = Waiting::kNothing;
      return;
    }
    delete wakeup;  // the next Push tries again
  }

 protected:
  // The end of the handler: `status` as the peer shall see it; writes the final message, if there
  // is one, into `last`.
  virtual Status Complete(Status status, Buffer& last) = 0;

 private:
  struct Wakeup {
    CallState* state;
    uint64_t serial;
  };

  static CallState* From(void* ud) { return static_cast<CallState*>(ud); }

  void AddReference() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // --- with the mutex held ---

  void Suspend(Waiting what, std::coroutine_handle<> waiter) {
    waiting_ = what;
    waiter_ = waiter;
  }

  // Whether a new wait is pointless: nobody to answer, or a long stream that the host wants to end.
  // Uploads and unary calls have an end of their own, so a drain leaves them alone.
  bool Refused() {
    const bool drained = draining_ && (kind_ & MH_KIND_SERVER_STREAM) != 0;
    cut_short_ = cut_short_ || drained;
    return cancelled_ || drained;
  }

  // False: done, result_ says how. True: the host took nothing yet.
  bool SendPending() {
    result_ = false;
    if (cancelled_) return false;
    call_.SendAddedHeaders();
    const mh_msg message = pending_.Message(pending_flags_);
    const mh_rc rc = host_.calls().send(call_.handle(), &message, 0);
    if (rc == MH_AGAIN) return true;
    result_ = rc == MH_OK;
    pending_.Reset();
    return false;
  }

  // Takes the right to resume if the coroutine waits for `what`.
  std::coroutine_handle<> Claim(Waiting what, bool result) {
    if (waiting_ != what) return nullptr;
    waiting_ = Waiting::kNothing;
    result_ = result;
    return waiter_;
  }

  std::coroutine_handle<> ClaimAny(bool also_writers) {
    if (waiting_ == Waiting::kNothing) return nullptr;
    if (waiting_ == Waiting::kWritable && !also_writers) return nullptr;
    if (waiting_ == Waiting::kTimer && exec_->timer_cancel(timer_) == MH_OK) {
      delete timer_wakeup_;  // its function will not run; it held a reference
      references_.fetch_sub(1, std::memory_order_acq_rel);
    }
    return Claim(waiting_, false);
  }

  // --- events; see call_events.h ---
  static void Resume(std::coroutine_handle<> waiter) noexcept;
  static void OnMessage(void* ud, mh_call*, const mh_msg* message) noexcept;
  static void OnHalfClose(void* ud, mh_call*) noexcept;
  static void OnWritable(void* ud, mh_call*) noexcept;
  static void OnCancel(void* ud, mh_call*, uint32_t why) noexcept;
  static void OnEnd(void* ud, mh_call*, const mh_status*) noexcept;
  static void OnTimer(void* argument) noexcept;
  static void OnPosted(void* argument) noexcept;
  static void OnDone(void* argument) noexcept;
  Status FinalStatus(Status status);

 protected:
  bool has_last_ = false;  // Complete's `last` is a message, even when empty

 private:
  const Host host_;
  Call call_;
  const uint32_t kind_;
  const mh_exec_1* const exec_;
  std::atomic<int> references_{2};
  Task<Status> task_;

  std::mutex mutex_;  // guards all below, except while a claimed coroutine runs
  Waiting waiting_ = Waiting::kNothing;
  std::coroutine_handle<> waiter_;
  bool result_ = false;
  bool granted_ = false;
  bool ignoring_ = false;
  bool half_closed_ = false;
  bool draining_ = false;
  bool cancelled_ = false;
  bool cut_short_ = false;
  bool bad_message_ = false;
  Take take_ = nullptr;
  void* take_into_ = nullptr;
  Buffer pending_;
  uint32_t pending_flags_ = 0;
  mh_timer* timer_ = nullptr;
  Wakeup* timer_wakeup_ = nullptr;
  uint64_t timer_serial_ = 0;
};

}  // namespace detail
}  // namespace mh

#include <meshhost/call_events.h>
