// SPDX-License-Identifier: Apache-2.0
//
// Task<T>: what a coroutine returns. It starts when somebody awaits it (or when the skin starts a
// handler) and resumes its awaiter when it ends. An exception travels to the awaiter.
//
// Write `Task<int> part = Part(); int n = co_await part;` rather than `co_await Part()`: gcc 12
// destroys some temporaries of a co_await expression twice.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace mh {

template <class T>
class Task;

namespace detail {

// Where a coroutine goes when it ends: to its awaiter, or to a function (handlers).
struct Continuation {
  std::coroutine_handle<> awaiter;
  void (*done)(void*) = nullptr;
  void* done_argument = nullptr;
};

struct PromiseBase {
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      const Continuation next = self.promise().next;
      if (next.awaiter) return next.awaiter;
      if (next.done != nullptr) next.done(next.done_argument);  // may destroy the frame
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
  void Rethrow() const {
#if defined(__cpp_exceptions)
    if (error) std::rethrow_exception(error);
#endif
  }

  Continuation next;
  std::exception_ptr error;
};

template <class T>
struct Promise final : PromiseBase {
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T Take() {
    Rethrow();
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
struct Promise<void> final : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void Take() const { Rethrow(); }
};

}  // namespace detail

// Owns the coroutine's frame. Move only; one thread at a time.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // Runs until the first wait; `done(argument)` follows when the coroutine has ended.
  void Start(void (*done)(void*), void* argument) {
    handle_.promise().next = {nullptr, done, argument};
    handle_.resume();
  }
  // After the end: the result, or throws what the coroutine threw.
  T Result() { return handle_.promise().Take(); }

  struct Awaiter {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) const noexcept {
      handle.promise().next.awaiter = awaiter;
      return handle;
    }
    T await_resume() const { return handle.promise().Take(); }
    Handle handle;
  };
  Awaiter operator co_await() const noexcept { return Awaiter{handle_}; }

 private:
  Handle handle_ = nullptr;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace detail

}  // namespace mh
