// SPDX-License-Identifier: Apache-2.0
//
// What a coroutine handler reads and writes. The same three classes serve gRPC messages, pieces of
// an HTTP body, and bytes:
//
//   mh::Task<mh::Status> Import(mh::Call&, mh::Reader<Item>& items, Summary& summary) {
//     Item item;
//     while (co_await items.Read(item)) Add(item);
//     co_return mh::Status();
//   }
//
// Read answers false after the last message, or when the peer left: the status that the handler
// returns then reaches nobody, and cancelled() of its Call tells the difference. Write answers
// false when the peer left; while the peer does not read, it waits, and so does the producer.
//
// Owned by the skin, alive until the handler returns; only the handler's coroutine may use them.
#pragma once

#include <meshhost/call_state.h>

#include <chrono>
#include <coroutine>

namespace mh {

namespace detail {

// Awaiters are trivial, because gcc 12 mishandles others in a co_await expression.
struct ReadAwaiter {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) const {
    return state->StartRead(waiter, take, out);
  }
  bool await_resume() const noexcept { return state->result(); }
  CallState* state;
  CallState::Take take;
  void* out;
};

struct WriteAwaiter {
  bool await_ready() const noexcept { return !serialized; }
  bool await_suspend(std::coroutine_handle<> waiter) const { return state->StartWrite(waiter); }
  bool await_resume() const noexcept { return serialized && state->result(); }
  CallState* state;
  bool serialized;
};

struct SleepAwaiter {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) const {
    return state->StartSleep(waiter, nanoseconds);
  }
  bool await_resume() const noexcept { return state->result(); }
  CallState* state;
  uint64_t nanoseconds;
};

template <class T>
ReadAwaiter ReadInto(CallState* state, T& out) {
  return {state,
          [](void* to, const MessageView& message) {
            return Codec<T>::Read(message, *static_cast<T*>(to));
          },
          &out};
}

template <class T>
WriteAwaiter WriteFrom(CallState* state, const T& message, uint32_t flags = 0) {
  state->set_pending_flags(flags);
  return {state, Codec<T>::Write(state->host(), message, state->pending())};
}

}  // namespace detail

template <class In>
class Reader {
 public:
  explicit Reader(detail::CallState* state) : state_(state) {}
  // co_await: the next message, or false.
  auto Read(In& message) { return detail::ReadInto(state_, message); }

 private:
  detail::CallState* state_;
};

template <class Out>
class Writer {
 public:
  explicit Writer(detail::CallState* state) : state_(state) {}
  // co_await: true when the host took the message. The message may be reused at once.
  auto Write(const Out& message) { return detail::WriteFrom(state_, message); }

 private:
  detail::CallState* state_;
};

template <class In, class Out>
class Stream final : public Reader<In>, public Writer<Out> {
 public:
  explicit Stream(detail::CallState* state) : Reader<In>(state), Writer<Out>(state) {}
};

// Waiting without holding a thread. co_await clock.Sleep(50ms) answers false when the call was
// cancelled (or, for a stream, drained) before the time had passed.
class Clock final {
 public:
  explicit Clock(Call& call) : state_(call.state()) {}
  auto Sleep(std::chrono::nanoseconds time) {
    return detail::SleepAwaiter{state_, time.count() > 0 ? uint64_t(time.count()) : 0};
  }

 private:
  detail::CallState* state_;
};

}  // namespace mh
