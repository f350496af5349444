// SPDX-License-Identifier: Apache-2.0
#include "host/config/key_value.h"

#include <algorithm>

#include "host/base/concat.h"
#include "host/base/units.h"
#include "host/config/nearest.h"

namespace meshhost {
namespace {

// The reading of one value. Lives on the stack of ReadValue.
class ValueReader final {
 public:
  ValueReader(const SchemaKey& key, const TomlNode& node, std::string_view path,
              ConfigErrors& errors)
      : key_(key), node_(node), path_(path), errors_(errors) {}

  std::optional<ConfigValue> Read() {
    switch (key_.kind) {
      case ValueKind::kFlag:
        if (node_.type != TomlNode::Type::kBoolean) return WrongType("true or false");
        return node_.boolean;
      case ValueKind::kCount:
        return ReadCount();
      case ValueKind::kSize:
      case ValueKind::kDuration:
        return ReadQuantity();
      case ValueKind::kText:
        if (node_.type != TomlNode::Type::kString) return WrongType(FormatAllowed(key_));
        return node_.text;
      case ValueKind::kChoice:
        if (node_.type != TomlNode::Type::kString) return WrongType(FormatAllowed(key_));
        if (!CheckChoice(node_)) return std::nullopt;
        return node_.text;
      case ValueKind::kList:
        return ReadList();
    }
    return std::nullopt;
  }

 private:
  std::optional<ConfigValue> WrongType(std::string expected, std::string hint = "") {
    errors_.Add(node_.position, Concat({"wrong type of ", path_}),
                {std::move(expected), node_.Describe(), std::move(hint)});
    return std::nullopt;
  }

  std::optional<ConfigValue> ReadCount() {
    if (node_.type != TomlNode::Type::kInteger) {
      return WrongType(Concat({"an integer, ", FormatAllowed(key_)}));
    }
    if (node_.integer < 0) return OutOfRange();
    return InRange(static_cast<std::uint64_t>(node_.integer));
  }

  std::optional<ConfigValue> ReadQuantity() {
    const bool size = key_.kind == ValueKind::kSize;
    const std::string expected = Concat(
        {size ? "a size like \"4MiB\", " : "a duration like \"30s\", ", FormatAllowed(key_)});
    if (node_.type != TomlNode::Type::kString) return WrongType(expected, UnitHint());
    std::uint64_t number = 0;
    absl::Status status;
    if (size) {
      auto bytes = ParseSize(node_.text);
      status = bytes.status();
      number = bytes.value_or(0);
    } else {
      auto duration = ParseDuration(node_.text);
      status = duration.status();
      number = static_cast<std::uint64_t>(duration.value_or(std::chrono::nanoseconds(0)).count());
    }
    if (status.ok()) return InRange(number);
    errors_.Add(node_.position, Concat({path_, ": ", std::string(status.message())}),
                {expected, node_.Describe(), ""});
    return std::nullopt;
  }

  // A bare number is the usual slip: people know the unit and think that we do.
  std::string UnitHint() const {
    if (node_.type != TomlNode::Type::kInteger || node_.integer < 0) return "";
    const std::string number = std::to_string(node_.integer);
    return Concat({"write \"", number, key_.kind == ValueKind::kSize ? "B\"" : "s\"",
                   " if that is the unit"});
  }

  std::optional<ConfigValue> InRange(std::uint64_t number) {
    if (number >= key_.range.min && number <= key_.range.max) return number;
    return OutOfRange();
  }

  std::optional<ConfigValue> OutOfRange() {
    errors_.Add(node_.position, Concat({path_, " is out of range"}),
                {FormatAllowed(key_), node_.Describe(), ""});
    return std::nullopt;
  }

  bool CheckChoice(const TomlNode& node) {
    if (std::find(key_.choices.begin(), key_.choices.end(), node.text) != key_.choices.end()) {
      return true;
    }
    const std::string_view nearest = Nearest(node.text, key_.choices);
    errors_.Add(node.position, Concat({"unknown value of ", path_}),
                {FormatAllowed(key_), node.Describe(),
                 nearest.empty() ? "" : Concat({"did you mean \"", nearest, "\"?"})});
    return false;
  }

  std::optional<ConfigValue> ReadList() {
    if (key_.one_or_many && node_.type == TomlNode::Type::kString) {
      return node_.text.empty() ? std::vector<std::string>() : std::vector{node_.text};
    }
    if (node_.type != TomlNode::Type::kArray) return WrongType(FormatAllowed(key_));
    const std::size_t length = node_.children.size();
    if (length < key_.range.min || length > key_.range.max) {
      errors_.Add(node_.position, Concat({path_, " has the wrong length"}),
                  {Concat({FormatNumber(ValueKind::kCount, key_.range.min), " .. ",
                           FormatNumber(ValueKind::kCount, key_.range.max), " items"}),
                   std::to_string(length), ""});
      return std::nullopt;
    }
    std::vector<std::string> items;
    for (const TomlNode& item : node_.children) {
      if (!CheckItem(item, items)) return std::nullopt;
      items.push_back(item.text);
    }
    return items;
  }

  bool CheckItem(const TomlNode& item, const std::vector<std::string>& before) {
    if (item.type != TomlNode::Type::kString) {
      errors_.Add(item.position, Concat({"wrong type in ", path_}),
                  {FormatAllowed(key_), item.Describe(), ""});
      return false;
    }
    if (!key_.choices.empty() && !CheckChoice(item)) return false;
    if (std::find(before.begin(), before.end(), item.text) == before.end()) return true;
    errors_.Add(item.position, Concat({path_, " names \"", item.text, "\" twice"}));
    return false;
  }

  const SchemaKey& key_;
  const TomlNode& node_;
  std::string_view path_;
  ConfigErrors& errors_;
};

}  // namespace

std::optional<ConfigValue> ReadValue(const SchemaKey& key, const TomlNode& node,
                                     std::string_view path, ConfigErrors& errors) {
  return ValueReader(key, node, path, errors).Read();
}

}  // namespace meshhost
