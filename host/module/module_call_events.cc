// SPDX-License-Identifier: Apache-2.0
//
// The event side of ModuleCall: from the Exchange to the module's functions. Whatever runs after
// Enter() must not touch the call: leaving the outermost crossing runs what was deferred, which may
// have been its end.
#include <ctime>
#include <utility>

#include "host/module/module_call.h"

namespace meshhost {
namespace {

mh_status FinalStatus(Kind kind, const Final& final) {
  mh_status status = {};
  status.size = sizeof(status);
  status.code = kind == Kind::kGrpc ? static_cast<std::int32_t>(final.code) : final.http_status;
  if (!final.delivered) status.text = ToAbi("not delivered");
  return status;
}

}  // namespace

void ModuleCall::Begin(const Message* first) {
  context_.counts.calls.Begin(worker_);
  exchange_.SetReceiver(*this);
  exchange_.Hold();
  if (!method_.inline_exec()) return BeginInPool(first);
  if (Crossing::Active()) return Queue([first](CallEvents& queue) { queue.AddCall(first); });
  RunCall(first);
}

void ModuleCall::BeginInPool(const Message* first) {
  Waiting& waiting = this->waiting();
  {
    absl::MutexLock lock(&waiting.mutex);
    waiting.events.AddCall(first);
    waiting.scheduled = true;
  }
  Ref();
  if (context_.pool.Submit(event_task_, ModulePool::Admission::kBounded)) return;
  {
    absl::MutexLock lock(&waiting.mutex);
    waiting.events.Take(/*only_end=*/true);
    waiting.scheduled = false;
  }
  finished_.store(true);
  exchange_.Finish(nullptr, Refusal(Reason::kModuleQueueFull));
  Unref();
}

template <typename Fn>
void ModuleCall::Enter(Fn&& fn) {
  const bool on_worker = method_.inline_exec();
  Crossing crossing(method_.mark(), crossing_worker());
  bool threw = false;
  try {
    fn();
  } catch (...) {
    threw = true;
  }
  if (on_worker) {
    const std::uint64_t elapsed = crossing.Elapsed(loop_.now_ns());
    if (elapsed > context_.callback_warn_ns) [[unlikely]] {
      context_.misbehaviour.OnOverrun(method_.label(), elapsed);
    }
  }
  if (threw) [[unlikely]] {
    context_.misbehaviour.OnException(method_.label());
    FailInternal("the module failed");
  }
  if (in_on_call_) SettleCall();
}

void ModuleCall::FailInternal(std::string_view text) {
  mh_status status = {};
  status.size = sizeof(status);
  status.code = static_cast<std::int32_t>(Code::kInternal);
  status.text = ToAbi(text);
  Finish(nullptr, &status);
}

void ModuleCall::RunCall(const Message* first) {
  in_on_call_ = true;
  Enter([this, first] {
    const mh_method& method = method_.abi();
    if (first == nullptr) return method.on_call(method.ud, this, nullptr);
    // Inside of Enter: what the module has kept is counted before the call can end.
    const LentMessage lent(*first, context_.counts.blocks, crossing_worker());
    method.on_call(method.ud, this, &lent.message());
  });
}

void ModuleCall::SettleCall() {
  if (method_.streaming() && !bound_ && !finished_.load(std::memory_order_acquire)) {
    FailInternal("the module neither answered nor took the stream");
  }
  in_on_call_ = false;
  if (!ended_in_on_call_) return;
  if (bound_) return Queue([](CallEvents& queue) { queue.AddEnd(); });
  UnrefOnWorker();
}

void ModuleCall::RunMessage(const Message& message) {
  if (!Listening() || events_.on_message == nullptr) return;
  Enter([this, &message] {
    const LentMessage lent(message, context_.counts.blocks, crossing_worker());
    events_.on_message(events_ud_, this, &lent.message());
  });
}

void ModuleCall::RunHalfClose() {
  if (!Listening() || events_.on_half_close == nullptr) return;
  Enter([this] { events_.on_half_close(events_ud_, this); });
}

void ModuleCall::RunWritable() {
  if (!Listening() || events_.on_writable == nullptr) return;
  Enter([this] { events_.on_writable(events_ud_, this); });
}

void ModuleCall::RunCancel(std::uint32_t why) {
  if (!Listening() || events_.on_cancel == nullptr) return;
  Enter([this, why] { events_.on_cancel(events_ud_, this, why); });
}

void ModuleCall::RunEnd() {
  if (bound_ && events_.on_end != nullptr) {
    const mh_status status = FinalStatus(method_.endpoint().kind, exchange_.final());
    Enter([this, &status] { events_.on_end(events_ud_, this, &status); });
  }
  // The call's own reference kept it alive over Enter.
  Unref();
}

void ModuleCall::OnMessage(const Message& message) {
  if (!MustQueue()) return RunMessage(message);
  Queue([&message](CallEvents& queue) { queue.AddMessage(message); });
}

void ModuleCall::OnHalfClose() {
  if (!MustQueue()) return RunHalfClose();
  Queue([](CallEvents& queue) { queue.AddHalfClose(); });
}

void ModuleCall::OnWritable() {
  DrainRemote();
  if (remote_.empty() && writable_owed_.exchange(false)) RaiseWritable();
}

void ModuleCall::RaiseWritable() {
  if (!MustQueue()) return RunWritable();
  Queue([](CallEvents& queue) { queue.AddWritable(); });
}

void ModuleCall::OnCancel(CancelReason reason) {
  const auto why = static_cast<std::uint32_t>(reason);
  std::uint32_t none = 0;
  first_why_.compare_exchange_strong(none, why);
  Ref();
  if (reason != CancelReason::kDrain) lost_.store(true);
  // Even when this reason was seen before: what waited for OnWritable would now wait for ever.
  DrainRemote();
  const bool seen = (whys_seen_ & (1u << why)) != 0;
  whys_seen_ = static_cast<std::uint8_t>(whys_seen_ | (1u << why));
  if (!seen && MustQueue()) {
    Queue([why](CallEvents& queue) { queue.AddCancel(why); });
  } else if (!seen) {
    RunCancel(why);
  }
  Unref();
}

void ModuleCall::OnEnd(const Final&) {
  if (method_.inline_exec()) {
    // Its on_call is on the stack and will see to it.
    if (in_on_call_) {
      ended_in_on_call_ = true;
    } else if (!bound_) {
      UnrefOnWorker();
    } else if (Crossing::Active()) {
      Queue([](CallEvents& queue) { queue.AddEnd(); });
    } else {
      RunEnd();
    }
    return;
  }
  bool over;
  {
    absl::MutexLock lock(&waiting_->mutex);
    // Not scheduled: the module's threads are done with it, so bound_ may be read.
    over = !waiting_->scheduled && !bound_;
  }
  if (over) return Unref();
  Queue([](CallEvents& queue) { queue.AddEnd(); });
}

template <typename Add>
void ModuleCall::Queue(Add&& add) {
  Waiting& waiting = this->waiting();
  bool schedule;
  {
    absl::MutexLock lock(&waiting.mutex);
    add(waiting.events);
    schedule = !waiting.scheduled && !method_.inline_exec();
    if (schedule) waiting.scheduled = true;
  }
  if (method_.inline_exec()) {
    queued_ = true;
    Defer();
  } else if (schedule) {
    Schedule();
  }
}

// Worker. A pool call has it before the module's threads can see it.
ModuleCall::Waiting& ModuleCall::waiting() {
  if (waiting_ == nullptr) waiting_.reset(exchange_.arena().New<Waiting>());
  return *waiting_;
}

void ModuleCall::Schedule() {
  Ref();
  if (context_.pool.Submit(event_task_, ModulePool::Admission::kAccepted)) return;
  // The pool stops only when no call is open.
  Unref();
}

void ModuleCall::Defer() {
  if (deferred_) return;
  deferred_ = true;
  Ref();
  Crossing::Defer(event_task_);
}

CallEvent ModuleCall::TakeNext() {
  absl::MutexLock lock(&waiting_->mutex);
  CallEvent event = waiting_->events.Take(finished_.load(std::memory_order_acquire));
  if (event.kind == CallEvent::Kind::kNone) waiting_->scheduled = false;
  return event;
}

bool ModuleCall::RunNext() {
  const CallEvent event = TakeNext();
  switch (event.kind) {
    case CallEvent::Kind::kNone:
      return false;
    case CallEvent::Kind::kCall: {
      const Message first = event.message.message();
      RunCall(event.has_message ? &first : nullptr);
      break;
    }
    case CallEvent::Kind::kCancel:
      RunCancel(event.why);
      break;
    case CallEvent::Kind::kMessage:
      RunMessage(event.message.message());
      break;
    case CallEvent::Kind::kHalfClose:
      RunHalfClose();
      break;
    case CallEvent::Kind::kWritable:
      RunWritable();
      break;
    case CallEvent::Kind::kEnd:
      RunEnd();
      break;
  }
  return true;
}

void ModuleCall::RunPool() {
  while (RunNext()) {
  }
  Unref();
}

void ModuleCall::RunDeferred() {
  deferred_ = false;
  while (queued_ || deferred_pull_ > 0) {
    if (queued_) {
      queued_ = RunNext();
    } else {
      PullNow(std::exchange(deferred_pull_, 0));
    }
  }
  Unref();
}

}  // namespace meshhost
