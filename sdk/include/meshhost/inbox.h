// SPDX-License-Identifier: Apache-2.0
//
// Inbox<T>: a bounded queue from any thread into one coroutine handler, for change feeds and the
// like.
//
//   mh::Inbox<Change> inbox(call, 256);
//   auto subscription = store.Subscribe([&inbox](const Change& c) { inbox.Push(c); });
//   while (co_await inbox.Wait()) {
//     while (std::optional<Change> change = inbox.Pop()) { ... co_await out.Write(...) ... }
//   }
//
// Lives in the handler; whoever pushes must have stopped before it is destroyed (declare the
// subscription after the inbox). Push: any thread, never blocks. The rest: the handler.
#pragma once

#include <meshhost/call_state.h>

#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace mh {

template <class T>
class Inbox final {
 public:
  Inbox(Call& call, size_t limit) : state_(call.state()), limit_(limit) {}
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // False when the inbox is full: the item is lost, and overflowed() says so from now on.
  bool Push(T item) {
    const std::lock_guard<std::mutex> lock(state_->mutex());
    overflowed_ = overflowed_ || items_.size() >= limit_;
    return !overflowed_ && Add(std::move(item));
  }

  // For producers that can wait: false when the inbox is full right now, try again later.
  bool TryPush(T item) {
    const std::lock_guard<std::mutex> lock(state_->mutex());
    return items_.size() < limit_ && Add(std::move(item));
  }

  // The oldest item, if there is one.
  std::optional<T> Pop() {
    const std::lock_guard<std::mutex> lock(state_->mutex());
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  // The reader fell more than `limit` items behind and has missed some.
  bool overflowed() const {
    const std::lock_guard<std::mutex> lock(state_->mutex());
    return overflowed_;
  }

  struct Awaiter {
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiter) const {
      return inbox->state_->StartInboxWait(waiter, &Inbox::Ready, inbox);
    }
    bool await_resume() const noexcept { return inbox->state_->result(); }
    Inbox* inbox;
  };

  // co_await: true when there is an item; false when the peer left or the host drains.
  Awaiter Wait() { return Awaiter{this}; }

 private:
  bool Add(T item) {
    items_.push_back(std::move(item));
    state_->WakeInbox();
    return true;
  }

  static bool Ready(void* self) { return !static_cast<Inbox*>(self)->items_.empty(); }

  detail::CallState* const state_;
  const size_t limit_;
  std::deque<T> items_;      // guarded by the state's mutex
  bool overflowed_ = false;  // same
};

}  // namespace mh
