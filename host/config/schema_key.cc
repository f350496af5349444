// SPDX-License-Identifier: Apache-2.0
#include "host/config/schema_key.h"

#include <chrono>

#include "host/base/concat.h"
#include "host/base/units.h"
#include "host/config/toml_text.h"

namespace meshhost {
namespace {

std::string FormatRange(const SchemaKey& key) {
  const std::string min = FormatNumber(key.kind, key.range.min);
  if (key.range.max == KeyRange().max) return Concat({"at least ", min});
  return Concat({min, " .. ", FormatNumber(key.kind, key.range.max)});
}

std::string JoinChoices(const std::vector<std::string_view>& choices) {
  std::string text;
  for (std::string_view choice : choices) {
    text += Concat({text.empty() ? "" : " | ", QuoteToml(choice)});
  }
  return text;
}

}  // namespace

SchemaKey SchemaKey::Required() && {
  required = true;
  return std::move(*this);
}

SchemaKey SchemaKey::Edge(ConfigValue value) && {
  edge = std::move(value);
  return std::move(*this);
}

SchemaKey SchemaKey::Production(ConfigValue value) && {
  production = std::move(value);
  return std::move(*this);
}

std::string FormatNumber(ValueKind kind, std::uint64_t number) {
  if (kind == ValueKind::kSize) return FormatSize(number);
  if (kind != ValueKind::kDuration) return std::to_string(number);
  return FormatDuration(std::chrono::nanoseconds(static_cast<std::int64_t>(number)));
}

std::string FormatValue(const SchemaKey& key, const ConfigValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return QuoteToml(*text);
  if (const auto* number = std::get_if<std::uint64_t>(&value)) {
    const std::string written = FormatNumber(key.kind, *number);
    return key.kind == ValueKind::kCount ? written : QuoteToml(written);
  }
  std::string list;
  for (const std::string& item : std::get<std::vector<std::string>>(value)) {
    list += Concat({list.empty() ? "" : ", ", QuoteToml(item)});
  }
  return Concat({"[", list, "]"});
}

std::string FormatAllowed(const SchemaKey& key) {
  switch (key.kind) {
    case ValueKind::kFlag:
      return "true | false";
    case ValueKind::kCount:
    case ValueKind::kSize:
    case ValueKind::kDuration:
      return FormatRange(key);
    case ValueKind::kChoice:
      return JoinChoices(key.choices);
    case ValueKind::kList:
      if (key.one_or_many) return Concat({key.expected, ", or a list of such"});
      return key.choices.empty() ? Concat({"a list, each ", key.expected})
                                 : Concat({"a list of ", JoinChoices(key.choices)});
    case ValueKind::kText:
      return std::string(key.expected);
  }
  return "";
}

}  // namespace meshhost
