// SPDX-License-Identifier: Apache-2.0
#include "host/config/document.h"

#include <toml++/toml.h>

#include <algorithm>
#include <exception>
#include <sstream>

#include "host/base/concat.h"

namespace meshhost {
namespace {

constexpr std::size_t kMaxText = 1024 * 1024;
constexpr int kMaxDepth = 64;
// toml++ makes one nested table for each part of a dotted key and destroys them recursively.
constexpr std::ptrdiff_t kMaxDotsInLine = 1000;
constexpr std::size_t kMaxShownText = 60;

Position PositionOf(const toml::source_region& region) {
  return {static_cast<std::uint32_t>(region.begin.line),
          static_cast<std::uint32_t>(region.begin.column)};
}

template <class T>
std::string Printed(const T& value) {
  std::ostringstream out;
  out << value;
  return std::move(out).str();
}

// Copies a toml++ tree into Nodes.
class Copier final {
 public:
  explicit Copier(ConfigErrors& errors) : errors_(errors) {}

  TomlNode Copy(const toml::node& from, int depth) {
    TomlNode to;
    to.position = PositionOf(from.source());
    from.visit([&](const auto& value) { Fill(value, depth, to); });
    return to;
  }

 private:
  void Fill(const toml::table& table, int depth, TomlNode& to) {
    to.type = TomlNode::Type::kTable;
    if (TooDeep(depth, to.position)) return;
    for (const auto& [key, value] : table) {
      TomlNode child = Copy(value, depth + 1);
      child.key = key.str();
      child.position = PositionOf(key.source());
      to.children.push_back(std::move(child));
    }
  }

  void Fill(const toml::array& array, int depth, TomlNode& to) {
    to.type = TomlNode::Type::kArray;
    if (TooDeep(depth, to.position)) return;
    for (const toml::node& item : array) to.children.push_back(Copy(item, depth + 1));
  }

  template <class T>
  void Fill(const toml::value<T>& value, int, TomlNode& to) {
    if constexpr (std::is_same_v<T, bool>) {
      to.type = TomlNode::Type::kBoolean;
      to.boolean = *value;
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      to.type = TomlNode::Type::kInteger;
      to.integer = *value;
    } else if constexpr (std::is_same_v<T, double>) {
      to.type = TomlNode::Type::kFloat;
      to.floating = *value;
    } else if constexpr (std::is_same_v<T, std::string>) {
      to.type = TomlNode::Type::kString;
      to.text = *value;
    } else {
      to.type = TomlNode::Type::kDate;
      to.text = Printed(*value);
    }
  }

  bool TooDeep(int depth, Position position) {
    if (depth < kMaxDepth) return false;
    errors_.Add(position,
                Concat({"tables or arrays nested deeper than ", std::to_string(kMaxDepth)}));
    return true;
  }

  ConfigErrors& errors_;
};

// What toml++ itself does not bound.
bool WithinBounds(std::string_view text, ConfigErrors& errors) {
  if (text.size() > kMaxText) {
    errors.Add({1, 1}, "the configuration is too large",
               {"at most 1MiB", Concat({std::to_string(text.size()), " bytes"}), ""});
    return false;
  }
  std::uint32_t line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (std::count(text.begin() + begin, text.begin() + end, '.') > kMaxDotsInLine) {
      errors.Add({line, 1}, "the line has more than 1000 dots");
      return false;
    }
    begin = end + 1;
  }
  return true;
}

std::string Quoted(std::string_view text) {
  if (text.size() <= kMaxShownText) return Concat({"\"", text, "\""});
  return Concat({"\"", text.substr(0, kMaxShownText), "...\""});
}

}  // namespace

const TomlNode* TomlNode::Find(std::string_view name) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [name](const TomlNode& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

std::string TomlNode::Describe() const {
  switch (type) {
    case Type::kBoolean:
      return boolean ? "true" : "false";
    case Type::kInteger:
      return Concat({"integer ", std::to_string(integer)});
    case Type::kFloat:
      return Concat({"float ", Printed(floating)});
    case Type::kString:
      return Concat({"string ", Quoted(text)});
    case Type::kDate:
      return Concat({"date ", text});
    case Type::kArray:
      return "an array";
    case Type::kTable:
      return "a table";
  }
  return "";
}

std::optional<TomlNode> ParseDocument(std::string_view text, ConfigErrors& errors) {
  if (!WithinBounds(text, errors)) return std::nullopt;
  try {
    const toml::table root = toml::parse(text);
    return Copier(errors).Copy(root, 0);
  } catch (const toml::parse_error& error) {
    errors.Add(PositionOf(error.source()),
               Concat({"not valid TOML: ", std::string_view(error.description())}));
  } catch (const std::exception& error) {
    errors.Add({1, 1}, Concat({"cannot parse as TOML: ", std::string_view(error.what())}));
  }
  return std::nullopt;
}

}  // namespace meshhost
