// SPDX-License-Identifier: Apache-2.0
//
// Operations on a call from threads that are not its worker. What they return is decided from
// atomics at once; what they do happens on the worker, in the order asked.
#include <utility>

#include "host/module/module_call.h"
#include "host/module/outgoing_message.h"

namespace meshhost {

void ModuleCall::Post(std::unique_ptr<RemoteOp> op) {
  // The worker may run a finish, and with it end the call, as soon as the op is pushed.
  Ref();
  remote_.Push(std::move(op));
  Kick();
  Unref();
}

void ModuleCall::Kick() {
  if (posted_.exchange(true, std::memory_order_acq_rel)) return;
  Ref();
  loop_.Post(loop_task_);
}

mh_rc ModuleCall::SendRemote(const mh_msg& message) {
  if (writable_owed_.load()) return MH_AGAIN;
  if (remote_bytes_.load() >= context_.high_mark) {
    writable_owed_.store(true);
    // The worker may have emptied the queue before it could see that it owes an event. Whoever
    // takes the mark back, it or we, goes on.
    if (remote_bytes_.load() > context_.high_mark / 2 || !writable_owed_.exchange(false)) {
      return MH_AGAIN;
    }
  }
  auto op = std::make_unique<RemoteOp>();
  op->kind = RemoteOp::Kind::kMessage;
  op->bytes = MessageSize(message);
  {
    const OutgoingMessage outgoing(message, context_.counts.slices);
    op->message.Hold(outgoing.message());
  }
  op->has_message = true;
  remote_bytes_.fetch_add(op->bytes);
  Post(std::move(op));
  return MH_OK;
}

mh_rc ModuleCall::FinishRemote(const mh_msg* last, const mh_status* status) {
  auto op = std::make_unique<RemoteOp>();
  op->kind = RemoteOp::Kind::kFinish;
  op->status = HeldStatus(status);
  if (last != nullptr) {
    const OutgoingMessage outgoing(*last, context_.counts.slices);
    op->message.Hold(outgoing.message());
    op->has_message = true;
  }
  const mh_rc rc = lost_.load(std::memory_order_acquire) ? MH_CANCELLED : MH_OK;
  Post(std::move(op));
  return rc;
}

void ModuleCall::RunRemote() {
  // Cleared first: what is pushed from here on posts again.
  posted_.exchange(false, std::memory_order_acq_rel);
  const std::uint64_t pull = remote_pull_.exchange(0, std::memory_order_relaxed);
  if (pull > 0) PullNow(pull);
  remote_.Collect();
  DrainRemote();
  Unref();
}

void ModuleCall::DrainRemote() {
  if (draining_remote_ || remote_.front() == nullptr) return;
  Ref();
  draining_remote_ = true;
  while (remote_.front() != nullptr && ExecuteFront()) {
  }
  draining_remote_ = false;
  Unref();
}

// False: the message has to wait for OnWritable.
bool ModuleCall::ExecuteFront() {
  RemoteOp& op = *remote_.front();
  switch (op.kind) {
    case RemoteOp::Kind::kHeaders: {
      std::vector<mh_kv> fields;
      for (const auto& [name, value] : op.fields) fields.push_back({ToAbi(name), ToAbi(value)});
      SendHeadersNow(op.code, OutgoingHeaders(fields.data(), fields.size()));
      break;
    }
    case RemoteOp::Kind::kMessage:
      if (exchange_.Send(op.message.message()) == Sent::kAgain) return false;
      break;
    case RemoteOp::Kind::kFinish: {
      const Message last = op.message.message();
      FinishNow(op.has_message ? &last : nullptr, op.status.status());
      break;
    }
  }
  const std::size_t bytes = op.bytes;
  remote_.PopFront();
  ReturnBytes(bytes);
  return true;
}

void ModuleCall::ReturnBytes(std::size_t bytes) {
  if (bytes == 0) return;
  const std::size_t left = remote_bytes_.fetch_sub(bytes) - bytes;
  if (left <= context_.high_mark / 2 && writable_owed_.exchange(false)) RaiseWritable();
}

}  // namespace meshhost
