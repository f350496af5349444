// SPDX-License-Identifier: Apache-2.0
#include "host/http/field_syntax.h"

#include <algorithm>

#include "host/base/byte_set.h"

namespace meshhost {
namespace {

constexpr ByteSet kTokenBytes =
    ByteSet().WithRange('0', '9').WithRange('a', 'z').WithRange('A', 'Z').With("!#$%&'*+-.^_`|~");
constexpr ByteSet kValueBytes = ByteSet().With("\t").WithRange(0x20, 0x7e).WithRange(0x80, 0xff);

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool IsToken(std::string_view text) { return !text.empty() && kTokenBytes.HasAll(text); }

bool IsFieldValue(std::string_view text) { return kValueBytes.HasAll(text); }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

bool ListContains(std::string_view list, std::string_view token) {
  while (true) {
    const size_t comma = list.find(',');
    if (EqualsIgnoreCase(TrimWhitespace(list.substr(0, comma)), token)) return true;
    if (comma == list.npos) return false;
    list.remove_prefix(comma + 1);
  }
}

std::string_view TrimWhitespace(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool IsConnectionField(std::string_view name) {
  switch (name.size()) {
    case 2:
      return name == "te";
    case 7:
      return name == "upgrade" || name == "trailer";
    case 10:
      return name == "connection" || name == "keep-alive";
    case 14:
      return name == "content-length";
    case 16:
      return name == "proxy-connection";
    case 17:
      return name == "transfer-encoding";
    default:
      return false;
  }
}

std::span<const Header> SendableFields(std::span<const Header> fields, Arena& arena) {
  const std::span<Header> kept = arena.NewArray<Header>(fields.size());
  size_t n = 0;
  for (const Header& field : fields) {
    const bool sound = IsToken(field.name) && IsFieldValue(field.value);
    if (sound && !IsConnectionField(field.name)) kept[n++] = field;
  }
  return kept.first(n);
}

}  // namespace meshhost
