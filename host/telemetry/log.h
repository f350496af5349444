// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <variant>

#include "host/config/config.h"

namespace meshhost {

using LogLevel = LogConfig::Level;

// One "key": value of a log line. Borrows text for the duration of the call it is passed to. Never
// a secret: what may be logged of credentials is their subject.
class LogField final {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  template <std::convertible_to<std::string_view> Text>
  LogField(std::string_view name, const Text& text) : name_(name), value_(std::string_view(text)) {}
  LogField(std::string_view name, bool value) : name_(name), value_(value) {}
  LogField(std::string_view name, std::floating_point auto value)
      : name_(name), value_(static_cast<double>(value)) {}
  LogField(std::string_view name, std::signed_integral auto value)
      : name_(name), value_(static_cast<std::int64_t>(value)) {}
  LogField(std::string_view name,
           std::unsigned_integral auto value) requires(!std::same_as<decltype(value), bool>)
      : name_(name), value_(static_cast<std::uint64_t>(value)) {}

  std::string_view name() const { return name_; }
  const Value& value() const { return value_; }

 private:
  std::string_view name_;
  Value value_;
};

// The application log. Any thread; never blocks on the output.
class Log {
 public:
  virtual ~Log() = default;
  // Worth preparing a line of this level?
  virtual bool Enabled(LogLevel level) const = 0;
  // One line; nothing when the level is not enabled.
  virtual void Write(LogLevel level, std::string_view text, std::span<const LogField> fields) = 0;

  void Debug(std::string_view text, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kDebug, text, {fields.begin(), fields.size()});
  }
  void Info(std::string_view text, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kInfo, text, {fields.begin(), fields.size()});
  }
  void Warn(std::string_view text, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kWarn, text, {fields.begin(), fields.size()});
  }
  void Error(std::string_view text, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kError, text, {fields.begin(), fields.size()});
  }
};

}  // namespace meshhost
