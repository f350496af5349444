// SPDX-License-Identifier: Apache-2.0
//
// FakeHost's mh.exec/1 under a virtual clock, and its mh.metrics/1 and mh.config/1. Posted work and
// timers run when the test says so (FakeHost::Run, FakeHost::Advance), on the test's thread.
#pragma once

#include <meshhost/abi/config.h>
#include <meshhost/abi/exec.h>
#include <meshhost/abi/metrics.h>
#include <meshhost/json_reader.h>

#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mh::test {
class FakeExec;
}  // namespace mh::test

struct mh_timer {
  mh::test::FakeExec* owner;
  uint64_t due_ns;
  uint64_t every_ns;
  void (*function)(void*);
  void* argument;
};

struct mh_thread {
  mh::test::FakeExec* owner;
  std::thread thread;
};

struct mh_series {
  double value = 0;
};

struct mh_metric {
  std::string name;
  std::map<std::string, mh_series> series;  // by label values, joined by ','
};

namespace mh::test {

// Work that waits for the test to run it. Any thread may add.
class FakeExec final {
 public:
  void Post(void (*function)(void*), void* argument) {
    const std::lock_guard<std::mutex> lock(mutex_);
    posted_.emplace_back(function, argument);
  }

  mh_timer* Add(uint64_t due_ns, uint64_t every_ns, void (*function)(void*), void* argument) {
    const std::lock_guard<std::mutex> lock(mutex_);
    timers_.push_back({this, due_ns, every_ns, function, argument});
    return &timers_.back();
  }

  mh_rc Cancel(mh_timer* timer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (timer == running_) {
      timer->every_ns = 0;
      return MH_PENDING;
    }
    timers_.remove_if([timer](const mh_timer& t) { return &t == timer; });
    return MH_OK;
  }

  // Runs one piece of posted work; false when there is none.
  bool RunPosted() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (posted_.empty()) return false;
    const auto [function, argument] = posted_.front();
    posted_.pop_front();
    lock.unlock();
    function(argument);
    return true;
  }

  // Runs the first timer that is due at `now_ns`; false when none is.
  bool RunTimer(uint64_t now_ns) {
    std::unique_lock<std::mutex> lock(mutex_);
    for (mh_timer& timer : timers_) {
      if (timer.due_ns > now_ns) continue;
      running_ = &timer;
      timer.due_ns += timer.every_ns;
      lock.unlock();
      timer.function(timer.argument);
      lock.lock();
      running_ = nullptr;
      if (timer.every_ns == 0) {
        timers_.remove_if([&timer](const mh_timer& t) { return &t == &timer; });
      }
      return true;
    }
    return false;
  }

  // What would keep the module from being unloaded.
  size_t pending() const { return posted_.size() + timers_.size() + threads_; }

  mh_thread* StartThread(void (*function)(void*), void* argument) {
    threads_++;
    return new mh_thread{this, std::thread(function, argument)};
  }
  void Join(mh_thread* thread) {
    thread->thread.join();
    delete thread;
    threads_--;
  }

 private:
  std::mutex mutex_;
  std::deque<std::pair<void (*)(void*), void*>> posted_;
  std::list<mh_timer> timers_;
  mh_timer* running_ = nullptr;
  size_t threads_ = 0;
};

// Finds values in the settings by JSON Pointer.
class FakeConfig final {
 public:
  explicit FakeConfig(std::string json) : json_(std::move(json)) {}

  // A reader placed before the value at `pointer`; false when there is none.
  bool Find(std::string_view pointer, detail::JsonReader& reader) const {
    reader = detail::JsonReader(json_);
    while (!pointer.empty()) {
      pointer.remove_prefix(1);  // '/'
      const std::string_view step = pointer.substr(0, pointer.find('/'));
      pointer.remove_prefix(step.size());
      if (!Enter(reader, step)) return false;
    }
    return reader.Peek() != 0;
  }

  mh_rc Text(std::string_view pointer, mh_str* out) {
    detail::JsonReader reader("");
    std::string text;
    if (!Find(pointer, reader)) return MH_UNSUPPORTED;
    if (!reader.ReadText(text)) return MH_INVALID;
    texts_.push_back(std::move(text));
    *out = Str(texts_.back());
    return MH_OK;
  }

  template <class Number>
  mh_rc ReadNumber(std::string_view pointer, Number* out) const {
    detail::JsonReader reader("");
    if (!Find(pointer, reader)) return MH_UNSUPPORTED;
    return reader.ReadNumber(*out) ? MH_OK : MH_INVALID;
  }

  mh_rc Boolean(std::string_view pointer, int32_t* out) const {
    detail::JsonReader reader("");
    bool value = false;
    if (!Find(pointer, reader)) return MH_UNSUPPORTED;
    if (!reader.ReadBool(value)) return MH_INVALID;
    *out = value ? 1 : 0;
    return MH_OK;
  }

  mh_rc Count(std::string_view pointer, size_t* out) const {
    detail::JsonReader reader("");
    if (!Find(pointer, reader)) return MH_UNSUPPORTED;
    const bool object = reader.Peek() == '{';
    if (!object && reader.Peek() != '[') return MH_INVALID;
    reader.Accept(object ? '{' : '[');
    for (*out = 0; !reader.Accept(object ? '}' : ']'); ++*out) {
      std::string key;
      if (object && (!reader.ReadText(key) || !reader.Accept(':'))) return MH_INVALID;
      if (!reader.Skip()) return MH_INVALID;
      reader.Accept(',');
    }
    return MH_OK;
  }

 private:
  static bool Enter(detail::JsonReader& reader, std::string_view step) {
    const bool object = reader.Accept('{');
    if (!object && !reader.Accept('[')) return false;
    for (size_t index = 0; !reader.Accept(object ? '}' : ']'); index++) {
      std::string key = std::to_string(index);
      if (object && (!reader.ReadText(key) || !reader.Accept(':'))) return false;
      if (key == step) return true;
      if (!reader.Skip()) return false;
      reader.Accept(',');
    }
    return false;
  }

  std::string json_;
  std::deque<std::string> texts_;
};

}  // namespace mh::test
