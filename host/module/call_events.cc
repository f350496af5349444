// SPDX-License-Identifier: Apache-2.0
#include "host/module/call_events.h"

#include <bit>
#include <utility>

namespace meshhost {

CallEvents::~CallEvents() { DropMessages(); }

void CallEvents::DropMessages() {
  // One by one: a long list must not recurse through its destructors.
  while (first_ != nullptr) first_ = std::move(first_->next);
  last_ = nullptr;
}

void CallEvents::AddCall(const Message* first) {
  call_ = true;
  call_has_message_ = first != nullptr;
  if (first != nullptr) AddMessage(*first);
}

void CallEvents::AddMessage(const Message& message) {
  auto node = std::make_unique<Node>(message);
  Node* added = node.get();
  if (last_ == nullptr) {
    first_ = std::move(node);
  } else {
    last_->next = std::move(node);
  }
  last_ = added;
}

CallEvent CallEvents::TakeMessage(CallEvent::Kind kind) {
  const std::unique_ptr<Node> node = std::move(first_);
  first_ = std::move(node->next);
  if (first_ == nullptr) last_ = nullptr;
  return {kind, 0, true, std::move(node->message)};
}

CallEvent CallEvents::Take(bool only_end) {
  using enum CallEvent::Kind;
  if (only_end) {
    DropMessages();
    cancels_ = 0;
    call_ = half_close_ = writable_ = false;
  }
  if (std::exchange(call_, false)) {
    if (call_has_message_) return TakeMessage(kCall);
    return {kCall, 0, false, {}};
  }
  if (cancels_ != 0) {
    const int why = std::countr_zero(cancels_);
    cancels_ = static_cast<std::uint8_t>(cancels_ & (cancels_ - 1));
    return {kCancel, static_cast<std::uint32_t>(why), false, {}};
  }
  if (first_ != nullptr) return TakeMessage(kMessage);
  if (std::exchange(half_close_, false)) return {kHalfClose, 0, false, {}};
  if (std::exchange(writable_, false)) return {kWritable, 0, false, {}};
  if (std::exchange(end_, false)) return {kEnd, 0, false, {}};
  return {kNone, 0, false, {}};
}

}  // namespace meshhost
