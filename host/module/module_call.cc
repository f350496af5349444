// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_call.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "host/module/call_info.h"
#include "host/module/outgoing_message.h"
#include "host/module/outgoing_status.h"

namespace meshhost {
namespace {

mh_rc ToRc(Sent sent) {
  switch (sent) {
    case Sent::kTaken:
      return MH_OK;
    case Sent::kAgain:
      return MH_AGAIN;
    case Sent::kCancelled:
      return MH_CANCELLED;
    case Sent::kInvalid:
      return MH_INVALID;
  }
  return MH_FAILED;
}

mh_rc ToRc(Finished finished) {
  switch (finished) {
    case Finished::kTaken:
      return MH_OK;
    case Finished::kCancelled:
      return MH_CANCELLED;
    case Finished::kGone:
      return MH_GONE;
  }
  return MH_FAILED;
}

bool IsWellFormed(const mh_msg& message) { return message.n == 0 || message.v != nullptr; }

}  // namespace

ModuleCall::ModuleCall(Exchange& exchange, const ModuleMethod& method)
    : exchange_(exchange),
      loop_(exchange.loop()),
      worker_(loop_.index()),
      method_(method),
      context_(method.context()),
      loop_task_([](Task* task) { static_cast<CallTask*>(task)->call.RunRemote(); }, *this),
      event_task_(
          method.inline_exec()
              ? [](Task* task) { static_cast<CallTask*>(task)->call.RunDeferred(); }
              : [](Task* task) { static_cast<CallTask*>(task)->call.RunPool(); },
          *this) {}

ModuleCall::~ModuleCall() = default;

const mh_call_info* ModuleCall::Info() {
  const mh_call_info* info = info_.load(std::memory_order_acquire);
  if (info != nullptr) return info;
  if (loop_.IsCurrent()) {
    const mh_call_info* made = MakeCallInfo(exchange_, exchange_.arena());
    // Another thread may have been quicker; then the arena has some bytes less.
    return info_.compare_exchange_strong(info, made, std::memory_order_acq_rel) ? made : info;
  }
  // The exchange's arena is the worker's alone.
  auto arena = std::make_unique<Arena>();
  const mh_call_info* made = MakeCallInfo(exchange_, *arena);
  if (!info_.compare_exchange_strong(info, made, std::memory_order_acq_rel)) return info;
  info_arena_ = std::move(arena);
  return made;
}

mh_rc ModuleCall::Bind(const mh_call_events& events, void* ud) {
  if (!in_on_call_ || bound_) return MH_INVALID;
  if (finished_.load(std::memory_order_relaxed)) return MH_GONE;
  events_ = {};
  std::memcpy(&events_, &events, std::min<std::size_t>(events.size, sizeof(events_)));
  events_ud_ = ud;
  bound_ = true;
  return MH_OK;
}

mh_rc ModuleCall::Pull(std::uint32_t messages) {
  if (finished_.load(std::memory_order_acquire)) return MH_GONE;
  if (!method_.endpoint().client_stream) return MH_INVALID;
  if (lost_.load(std::memory_order_acquire)) return MH_CANCELLED;
  if (loop_.IsCurrent()) {
    PullNow(messages);
    return MH_OK;
  }
  Ref();
  remote_pull_.fetch_add(messages, std::memory_order_relaxed);
  Kick();
  Unref();
  return MH_OK;
}

void ModuleCall::PullNow(std::uint64_t messages) {
  // Messages may be delivered from inside: an inline module must not see them before it returned.
  if (method_.inline_exec() && Crossing::Active()) {
    deferred_pull_ += messages;
    return Defer();
  }
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  exchange_.Pull(static_cast<std::uint32_t>(std::min(messages, kMost)));
}

mh_rc ModuleCall::SendHeaders(std::int32_t code, const mh_kv* fields, std::size_t n) {
  const Kind kind = method_.endpoint().kind;
  if (kind == Kind::kWebSocket) return MH_UNSUPPORTED;
  if (finished_.load(std::memory_order_acquire)) return MH_GONE;
  if (code == 0) code = 200;
  if (kind == Kind::kHttp && (code < 200 || code > 599)) return MH_INVALID;
  const OutgoingHeaders headers(fields, n);
  if (!headers.valid()) return MH_INVALID;
  if (headers_sent_.exchange(true, std::memory_order_relaxed)) return MH_INVALID;
  if (lost_.load(std::memory_order_acquire)) return MH_CANCELLED;
  if (Direct()) return SendHeadersNow(code, headers);
  auto op = std::make_unique<RemoteOp>();
  op->kind = RemoteOp::Kind::kHeaders;
  op->code = code;
  for (const Header& field : headers.fields()) op->fields.emplace_back(field.name, field.value);
  Post(std::move(op));
  return MH_OK;
}

mh_rc ModuleCall::SendHeadersNow(std::int32_t code, const OutgoingHeaders& headers) {
  return ToRc(exchange_.SendHeaders(code, headers.fields()));
}

mh_rc ModuleCall::Send(const mh_msg& message) {
  if (finished_.load(std::memory_order_acquire)) return MH_GONE;
  if (!method_.endpoint().server_stream || !IsWellFormed(message)) return MH_INVALID;
  headers_sent_.store(true, std::memory_order_relaxed);
  if (lost_.load(std::memory_order_acquire)) return MH_CANCELLED;
  if (!Direct()) return SendRemote(message);
  const Sent sent = SendNow(message);
  if (sent == Sent::kAgain) writable_owed_.store(true);
  return ToRc(sent);
}

Sent ModuleCall::SendNow(const mh_msg& message) {
  const OutgoingMessage outgoing(message, context_.counts.slices);
  return exchange_.Send(outgoing.message());
}

mh_rc ModuleCall::Finish(const mh_msg* last, const mh_status* status) {
  if (finished_.exchange(true, std::memory_order_acq_rel)) return MH_GONE;
  if (last != nullptr && !IsWellFormed(*last)) last = nullptr;
  mh_status read;
  if (status != nullptr && status->size != sizeof(read)) {
    read = ReadStatus(*status);
    status = &read;
  }
  return Direct() ? FinishNow(last, status) : FinishRemote(last, status);
}

mh_rc ModuleCall::FinishNow(const mh_msg* last, const mh_status* status) {
  const OutgoingStatus outgoing(method_.endpoint().kind, status);
  // The call may end, and this with it, before Finish returns.
  Exchange& exchange = exchange_;
  exchange.Hold();
  Finished finished;
  if (last == nullptr) {
    finished = exchange.Finish(nullptr, outgoing.outcome());
  } else {
    const OutgoingMessage message(*last, context_.counts.slices);
    finished = exchange.Finish(&message.message(), outgoing.outcome());
  }
  exchange.Release();
  return ToRc(finished);
}

void ModuleCall::Last() {
  if (loop_.IsCurrent()) return Destroy();
  loop_task_.run = [](Task* task) { static_cast<CallTask*>(task)->call.Destroy(); };
  loop_.Post(loop_task_);
}

void ModuleCall::Destroy() {
  Exchange& exchange = exchange_;
  CallContext& context = context_;
  const std::uint32_t worker = worker_;
  // Our memory is the exchange's arena.
  this->~ModuleCall();
  exchange.Release();
  if (context.max_in_flight != 0) context.in_flight.fetch_sub(1, std::memory_order_relaxed);
  context.counts.calls.End(worker);
}

}  // namespace meshhost
