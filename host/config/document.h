// SPDX-License-Identifier: Apache-2.0
//
// A TOML document as a plain tree with the place of every key. It exists so that toml++, its
// templates and its exceptions stay inside document.cc: the reader and the printers know only this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/config_error.h"
#include "host/config/position.h"

namespace meshhost {

// One value. Plain tree, owned by whoever parsed it, one thread.
struct TomlNode {
  enum class Type { kBoolean, kInteger, kFloat, kString, kDate, kArray, kTable };

  Type type = Type::kTable;
  std::string key;    // of a table's child
  Position position;  // of the key; of the value in an array; of the header of a [[table]]
  bool boolean = false;
  std::int64_t integer = 0;
  double floating = 0;
  std::string text;  // kString, and kDate as RFC 3339 writes it
  std::vector<TomlNode> children;

  const TomlNode* Find(std::string_view name) const;
  // For messages: 'string "abc"', 'integer 5', 'a table'.
  std::string Describe() const;
};

// The root table, or nothing after adding what is wrong to `errors`.
[[nodiscard]] std::optional<TomlNode> ParseDocument(std::string_view text, ConfigErrors& errors);

}  // namespace meshhost
