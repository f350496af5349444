// SPDX-License-Identifier: Apache-2.0
//
// The host as a module sees it: clock, log, buffers, and named interfaces. Two pointers, copied
// freely; valid until the module's destructor returns; any thread.
#pragma once

#include <meshhost/abi/module.h>
#include <meshhost/status.h>

#include <array>
#include <charconv>
#include <chrono>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace mh {

// One key and value of a log record: {"items", 3}, {"peer", name}, {"ok", true}.
struct Field {
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <class T>
  requires(std::integral<T> || std::floating_point<T>) Field(std::string_view k, T v) : key(k) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), v);
    value.assign(digits.data(), end.ptr);
  }

  std::string_view key;
  std::string value;
};

class Host final {
 public:
  using Fields = std::initializer_list<Field>;

  Host() = default;
  Host(const mh_host* table, mh_instance* instance) : table_(table), instance_(instance) {}

  const mh_call_ops& calls() const { return *table_->call; }
  mh_instance* instance() const { return instance_; }
  const mh_host& table() const { return *table_; }

  // An interface such as "mh.exec/1", or null when this host has none.
  template <class Interface>
  const Interface* Query(const char* id) const {
    return static_cast<const Interface*>(table_->query(instance_, id));
  }

  // Monotonic; deadlines use the same clock.
  std::chrono::nanoseconds Now() const { return std::chrono::nanoseconds(table_->now_ns()); }

  // Ask before doing work for a record that nobody wants.
  bool Logs(int32_t level) const { return level >= table_->log_level(instance_); }

  void Debug(std::string_view text, Fields fields = {}) const { Log(MH_LOG_DEBUG, text, fields); }
  void Info(std::string_view text, Fields fields = {}) const { Log(MH_LOG_INFO, text, fields); }
  void Warn(std::string_view text, Fields fields = {}) const { Log(MH_LOG_WARN, text, fields); }
  void Error(std::string_view text, Fields fields = {}) const { Log(MH_LOG_ERROR, text, fields); }

 private:
  void Log(int32_t level, std::string_view text, Fields fields) const {
    if (!Logs(level)) return;
    std::vector<mh_kv> pairs;
    pairs.reserve(fields.size());
    for (const Field& field : fields) pairs.push_back({Str(field.key), Str(field.value)});
    table_->log(instance_, level, Str(text), pairs.data(), pairs.size());
  }

  const mh_host* table_ = nullptr;
  mh_instance* instance_ = nullptr;
};

}  // namespace mh
