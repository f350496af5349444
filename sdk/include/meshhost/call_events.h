// SPDX-License-Identifier: Apache-2.0
//
// [skin] What the host's events, timers and posted wake-ups do to a CallState; included by
// call_state.h. The pattern of all: decide under the mutex, resume without it.
#pragma once

#include <meshhost/call_state.h>

namespace mh {
namespace detail {

inline void CallState::Resume(std::coroutine_handle<> waiter) noexcept {
  if (waiter) waiter.resume();
}

inline void CallState::OnMessage(void* ud, mh_call*, const mh_msg* message) noexcept {
  CallState* self = From(ud);
  std::coroutine_handle<> waiter;
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->granted_ = false;
    waiter = self->Claim(Waiting::kMessage, true);
    if (!waiter && self->ignoring_) {
      self->host_.calls().pull(self->call_.handle(), 1);
      self->granted_ = true;
    }
  }
  // The coroutine is suspended and nobody else may resume it: its variable can be filled.
  if (waiter && !self->take_(self->take_into_, MessageView(message))) {
    self->bad_message_ = true;
    self->result_ = false;
  }
  Resume(waiter);
}

inline void CallState::OnHalfClose(void* ud, mh_call*) noexcept {
  CallState* self = From(ud);
  std::coroutine_handle<> waiter;
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->half_closed_ = true;
    waiter = self->Claim(Waiting::kMessage, false);
    if (!waiter && self->kind_ == MH_KIND_BIDI) waiter = self->Claim(Waiting::kInbox, false);
  }
  Resume(waiter);
}

inline void CallState::OnWritable(void* ud, mh_call*) noexcept {
  CallState* self = From(ud);
  std::coroutine_handle<> waiter;
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    if (self->waiting_ == Waiting::kWritable && !self->SendPending()) {
      waiter = self->Claim(Waiting::kWritable, self->result_);
    }
  }
  Resume(waiter);
}

inline void CallState::OnCancel(void* ud, mh_call*, uint32_t why) noexcept {
  CallState* self = From(ud);
  std::coroutine_handle<> waiter;
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    (why == MH_WHY_DRAIN ? self->draining_ : self->cancelled_) = true;
    if (self->waiting_ != Waiting::kNothing && self->Refused()) {
      waiter = self->ClaimAny(self->cancelled_);
    }
  }
  Resume(waiter);
}

inline void CallState::OnEnd(void* ud, mh_call*, const mh_status*) noexcept { From(ud)->Release(); }

inline void CallState::OnTimer(void* argument) noexcept {
  Wakeup* wakeup = static_cast<Wakeup*>(argument);
  CallState* self = wakeup->state;
  std::coroutine_handle<> waiter;
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    if (wakeup->serial == self->timer_serial_) waiter = self->Claim(Waiting::kTimer, true);
  }
  delete wakeup;
  Resume(waiter);
  self->Release();
}

inline void CallState::OnPosted(void* argument) noexcept {
  Wakeup* wakeup = static_cast<Wakeup*>(argument);
  CallState* self = wakeup->state;
  delete wakeup;
  self->result_ = true;
  Resume(self->waiter_);
  self->Release();
}

// The coroutine has ended and will not run again.
inline void CallState::OnDone(void* argument) noexcept {
  CallState* self = From(argument);
  Buffer last;
  const Status result = Guarded(self->host_, [self] { return self->task_.Result(); });
  const Status status =
      Guarded(self->host_, [&] { return self->Complete(self->FinalStatus(result), last); });
  self->task_ = Task<Status>();
  self->call_.Finish(status, status.ok() && self->has_last_ ? &last : nullptr);
  self->Release();
}

inline Status CallState::FinalStatus(Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bad_message_) return InvalidArgument("a request message does not parse");
  // A stream that was cut short must not look complete to the peer.
  if (!status.ok() || !cut_short_) return status;
  return Unavailable("the server is going away");
}

}  // namespace detail
}  // namespace mh
