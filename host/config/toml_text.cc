// SPDX-License-Identifier: Apache-2.0
#include "host/config/toml_text.h"

#include <array>
#include <cstdio>

namespace meshhost {
namespace {

constexpr std::string_view kBare =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

std::string_view ShortEscape(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return "";
  }
}

}  // namespace

std::string QuoteToml(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const std::string_view escape = ShortEscape(c);
    if (!escape.empty()) {
      quoted += escape;
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04X", byte);
      quoted += code.data();
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string TomlKey(std::string_view key) {
  const bool bare = !key.empty() && key.find_first_not_of(kBare) == key.npos;
  return bare ? std::string(key) : QuoteToml(key);
}

}  // namespace meshhost
