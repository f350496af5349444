// SPDX-License-Identifier: Apache-2.0
//
// Settings into a plain struct. The struct names its fields once; defaults are its initialisers;
// an unknown key, a wrong type or a number out of range refuses the load and says which:
//
//   struct Config {
//     std::string database = ":memory:";
//     int64_t page_size = 50;
//     std::chrono::milliseconds busy_timeout{5000};     // "5s", "250ms"
//
//     void Describe(auto& fields) {
//       fields("database", database);
//       fields("page_size", page_size, 1, 1000);        // lowest and highest
//       fields("busy_timeout", busy_timeout);
//     }
//   };
//   mh::Status Configure(const mh::Settings& settings) override {
//     return mh::ReadConfig(settings, config_);
//   }
//
// Fields: std::string, bool, integers, double, std::chrono durations, structs with Describe, and
// std::vector of those.
#pragma once

#include <meshhost/json_reader.h>
#include <meshhost/module.h>

#include <chrono>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mh {

namespace detail {

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsDuration = false;
template <class Rep, class Period>
inline constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = true;

// "250ms", "5s", "10min", "2h" as nanoseconds; false for anything else.
inline bool ParseDuration(std::string_view text, int64_t& out) {
  int64_t count = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
  if (end.ec != std::errc() || count < 0) return false;
  const std::string_view unit(end.ptr, static_cast<size_t>(text.data() + text.size() - end.ptr));
  static constexpr struct {
    std::string_view name;
    int64_t nanoseconds;
  } kUnits[] = {{"ns", 1},         {"us", 1000},         {"ms", 1000000},
                {"s", 1000000000}, {"min", 60000000000}, {"h", 3600000000000}};
  for (const auto& known : kUnits) {
    if (unit == known.name) return !__builtin_mul_overflow(count, known.nanoseconds, &out);
  }
  return false;
}

template <class T>
Status ReadValue(JsonReader& reader, const std::string& path, T& out);

// Hands the value of one key to the field of that name.
class FieldReader final {
 public:
  FieldReader(JsonReader& reader, std::string_view key, const std::string& path)
      : reader_(reader), key_(key), path_(path) {}

  template <class T>
  void operator()(std::string_view name, T& field) {
    Note(name);
    if (name != key_ || found_) return;
    found_ = true;
    status_ = ReadValue(reader_, path_, field);
  }

  template <class T>
  void operator()(std::string_view name, T& field, std::type_identity_t<T> lowest,
                  std::type_identity_t<T> highest) {
    if (name != key_) return Note(name);
    (*this)(name, field);
    if (status_.ok() && (field < lowest || highest < field)) {
      status_ = InvalidArgument(path_ + " is out of range");
    }
  }

  Status Result() const {
    if (found_) return status_;
    return InvalidArgument(path_ + " is unknown; known are " + known_);
  }

 private:
  void Note(std::string_view name) {
    if (!known_.empty()) known_ += ", ";
    known_ += name;
  }

  JsonReader& reader_;
  std::string_view key_;
  const std::string& path_;
  bool found_ = false;
  Status status_;
  std::string known_;
};

template <class T>
Status ReadStruct(JsonReader& reader, const std::string& path, T& out) {
  if (!reader.Accept('{')) return InvalidArgument(path + " must be a table");
  if (reader.Accept('}')) return Status();
  std::string key;
  do {
    if (!reader.ReadText(key) || !reader.Accept(':')) return InvalidArgument(path + " is no JSON");
    const std::string member = path.empty() ? key : path + "." + key;
    FieldReader fields(reader, key, member);
    out.Describe(fields);
    Status status = fields.Result();
    if (!status.ok()) return status;
  } while (reader.Accept(','));
  return reader.Accept('}') ? Status() : InvalidArgument(path + " is no JSON");
}

template <class T>
Status ReadVector(JsonReader& reader, const std::string& path, std::vector<T>& out) {
  out.clear();
  if (!reader.Accept('[')) return InvalidArgument(path + " must be an array");
  if (reader.Accept(']')) return Status();
  do {
    T element{};
    Status status = ReadValue(reader, path + "[" + std::to_string(out.size()) + "]", element);
    if (!status.ok()) return status;
    out.push_back(std::move(element));
  } while (reader.Accept(','));
  return reader.Accept(']') ? Status() : InvalidArgument(path + " is no JSON");
}

template <class T>
Status ReadValue(JsonReader& reader, const std::string& path, T& out) {
  std::string text;
  int64_t nanoseconds = 0;
  if constexpr (std::same_as<T, std::string>) {
    return reader.ReadText(out) ? Status() : InvalidArgument(path + " must be text");
  } else if constexpr (std::same_as<T, bool>) {
    return reader.ReadBool(out) ? Status() : InvalidArgument(path + " must be true or false");
  } else if constexpr (std::integral<T>) {
    return reader.ReadNumber(out) ? Status() : InvalidArgument(path + " must be an integer");
  } else if constexpr (std::floating_point<T>) {
    return reader.ReadNumber(out) ? Status() : InvalidArgument(path + " must be a number");
  } else if constexpr (kIsDuration<T>) {
    if (!reader.ReadText(text) || !ParseDuration(text, nanoseconds)) {
      return InvalidArgument(path + " must be a time such as \"250ms\" or \"5s\"");
    }
    out = std::chrono::duration_cast<T>(std::chrono::nanoseconds(nanoseconds));
    return Status();
  } else if constexpr (kIsVector<T>) {
    return ReadVector(reader, path, out);
  } else {
    return ReadStruct(reader, path, out);
  }
}

}  // namespace detail

// Fills `config` from the settings; fields that they do not name keep their defaults.
template <class Config>
Status ReadConfig(const Settings& settings, Config& config) {
  detail::JsonReader reader(settings.json().empty() ? "{}" : settings.json());
  Status status = detail::ReadStruct(reader, "", config);
  if (!status.ok()) return {status.code(), "[module.config] " + status.text()};
  return Status();
}

}  // namespace mh
