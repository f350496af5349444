// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary of schema.cc: one expression describes one TOML key (name, member, range, hot or
// cold, meaning), and parsing, checking, nearest names, printing and the reference all follow from
// it. Type-erased through void* to its section struct, so that one reader serves every section.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/config/config.h"

namespace meshhost {

// Counts, bytes and nanoseconds share the integer.
using ConfigValue = std::variant<bool, std::uint64_t, std::string, std::vector<std::string>>;

enum class ValueKind { kFlag, kCount, kSize, kDuration, kText, kChoice, kList };

// kHot: a reload applies it to what is new. kCold: takes a restart.
enum class Reload { kHot, kCold };

// Of the number, or of the length of a list.
struct KeyRange {
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
};

// Where a value comes from: what setters need to resolve paths and to keep places.
struct ValueSource {
  Position position;
  const std::filesystem::path& directory;
};

// One key. Built by the functions below, owned by its SchemaTable; immutable afterwards.
struct SchemaKey {
  std::string_view name;
  ValueKind kind = ValueKind::kText;
  KeyRange range;
  Reload reload = Reload::kCold;
  std::string_view description;
  std::string_view expected;  // kText, kList: what the text has to look like
  std::vector<std::string_view> choices;
  bool required = false;
  bool one_or_many = false;         // kList: a lone text is a list of one, "" the empty list
  std::optional<ConfigValue> edge;  // default of profile "edge" where it differs
  std::optional<ConfigValue> production;
  std::function<ConfigValue(const void* section)> get;
  // The value already has the right type, range and choice.
  std::function<absl::Status(void* section, const ConfigValue&, const ValueSource&)> set;

  SchemaKey Required() &&;
  SchemaKey Edge(ConfigValue value) &&;
  SchemaKey Production(ConfigValue value) &&;
};

// `backlog`: 1024, `header_bytes`: "60KiB", `request`: "30s"; the unit follows from `kind`.
[[nodiscard]] std::string FormatNumber(ValueKind kind, std::uint64_t number);
// As TOML writes it.
[[nodiscard]] std::string FormatValue(const SchemaKey& key, const ConfigValue& value);
// "1KiB .. 1MiB", "mesh | edge", "true | false".
[[nodiscard]] std::string FormatAllowed(const SchemaKey& key);

template <class Section>
SchemaKey FlagKey(std::string_view name, bool Section::*member, Reload reload,
                  std::string_view text) {
  SchemaKey key{name, ValueKind::kFlag, {}, reload, text};
  key.get = [member](const void* from) { return static_cast<const Section*>(from)->*member; };
  key.set = [member](void* to, const ConfigValue& value, const ValueSource&) {
    static_cast<Section*>(to)->*member = std::get<bool>(value);
    return absl::OkStatus();
  };
  return key;
}

template <class Section, class Number>
SchemaKey NumberKey(ValueKind kind, std::string_view name, Number Section::*member, KeyRange range,
                    Reload reload, std::string_view text) {
  SchemaKey key{name, kind, range, reload, text};
  key.get = [member](const void* from) {
    return static_cast<std::uint64_t>(static_cast<const Section*>(from)->*member);
  };
  key.set = [member](void* to, const ConfigValue& value, const ValueSource&) {
    static_cast<Section*>(to)->*member = static_cast<Number>(std::get<std::uint64_t>(value));
    return absl::OkStatus();
  };
  return key;
}

template <class Section>
SchemaKey CountKey(std::string_view name, std::uint32_t Section::*member, KeyRange range,
                   Reload reload, std::string_view text) {
  return NumberKey(ValueKind::kCount, name, member, range, reload, text);
}

template <class Section>
SchemaKey SizeKey(std::string_view name, std::uint64_t Section::*member, KeyRange range,
                  Reload reload, std::string_view text) {
  return NumberKey(ValueKind::kSize, name, member, range, reload, text);
}

template <class Section>
SchemaKey DurationKey(std::string_view name, ConfigDuration Section::*member, KeyRange range,
                      Reload reload, std::string_view text) {
  SchemaKey key{name, ValueKind::kDuration, range, reload, text};
  key.get = [member](const void* from) {
    return static_cast<std::uint64_t>((static_cast<const Section*>(from)->*member).count());
  };
  key.set = [member](void* to, const ConfigValue& value, const ValueSource&) {
    static_cast<Section*>(to)->*member = ConfigDuration(std::get<std::uint64_t>(value));
    return absl::OkStatus();
  };
  return key;
}

template <class Section, class Enum>
SchemaKey ChoiceKey(std::string_view name, Enum Section::*member,
                    std::vector<std::pair<std::string_view, Enum>> choices, Reload reload,
                    std::string_view text) {
  SchemaKey key{name, ValueKind::kChoice, {}, reload, text};
  for (const auto& choice : choices) key.choices.push_back(choice.first);
  key.get = [member, choices](const void* from) {
    for (const auto& [word, value] : choices) {
      if (static_cast<const Section*>(from)->*member == value) return std::string(word);
    }
    return std::string();
  };
  key.set = [member, choices](void* to, const ConfigValue& value, const ValueSource&) {
    for (const auto& [word, meaning] : choices) {
      if (std::get<std::string>(value) == word) static_cast<Section*>(to)->*member = meaning;
    }
    return absl::OkStatus();
  };
  return key;
}

// How one kind of text becomes a member, and back.
template <class T>
struct TextForm {
  std::string_view expected;
  absl::StatusOr<T> (*parse)(std::string_view text, const ValueSource& source);
  std::string (*format)(const T& value);
};

template <class Section, class T>
SchemaKey TextKey(std::string_view name, T Section::*member, TextForm<T> form, Reload reload,
                  std::string_view text) {
  SchemaKey key{name, ValueKind::kText, {}, reload, text, form.expected};
  key.get = [member, form](const void* from) {
    return form.format(static_cast<const Section*>(from)->*member);
  };
  key.set = [member, form](void* to, const ConfigValue& value, const ValueSource& source) {
    auto parsed = form.parse(std::get<std::string>(value), source);
    if (!parsed.ok()) return parsed.status();
    static_cast<Section*>(to)->*member = *std::move(parsed);
    return absl::OkStatus();
  };
  return key;
}

template <class Section>
SchemaKey ListKey(std::string_view name, std::vector<std::string> Section::*member,
                  TextForm<std::string> item, KeyRange range, Reload reload,
                  std::string_view text) {
  SchemaKey key{name, ValueKind::kList, range, reload, text, item.expected};
  key.get = [member](const void* from) { return static_cast<const Section*>(from)->*member; };
  key.set = [member, item](void* to, const ConfigValue& value, const ValueSource& source) {
    std::vector<std::string> items;
    for (const std::string& written : std::get<std::vector<std::string>>(value)) {
      auto parsed = item.parse(written, source);
      if (!parsed.ok()) return parsed.status();
      items.push_back(*std::move(parsed));
    }
    static_cast<Section*>(to)->*member = std::move(items);
    return absl::OkStatus();
  };
  return key;
}

// Files, as a list or, where one will do, as its path alone.
template <class Section>
SchemaKey FilesKey(std::string_view name, std::vector<FilePath> Section::*member,
                   TextForm<FilePath> item, KeyRange range, Reload reload, std::string_view text) {
  SchemaKey key{name, ValueKind::kList, range, reload, text, item.expected};
  key.one_or_many = true;
  key.get = [member](const void* from) {
    std::vector<std::string> paths;
    for (const FilePath& file : static_cast<const Section*>(from)->*member) {
      paths.push_back(file.path);
    }
    return paths;
  };
  key.set = [member, item](void* to, const ConfigValue& value, const ValueSource& source) {
    std::vector<FilePath> files;
    for (const std::string& written : std::get<std::vector<std::string>>(value)) {
      auto parsed = item.parse(written, source);
      if (!parsed.ok()) return parsed.status();
      files.push_back(*std::move(parsed));
    }
    static_cast<Section*>(to)->*member = std::move(files);
    return absl::OkStatus();
  };
  return key;
}

}  // namespace meshhost
