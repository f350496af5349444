// SPDX-License-Identifier: Apache-2.0
#include "host/http/percent_encoding.h"

namespace meshhost {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that text[at] == '%' starts; -1 when malformed or NUL.
int EncodedByte(std::string_view text, size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = HexDigit(text[at + 1]);
  const int low = HexDigit(text[at + 2]);
  if (high < 0 || low < 0 || high + low == 0) return -1;
  return high * 16 + low;
}

}  // namespace

bool IsPercentEncoded(std::string_view text) {
  for (size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 3)) {
    if (EncodedByte(text, at) < 0) return false;
  }
  return true;
}

std::optional<std::string_view> PercentDecode(std::string_view text, Arena& arena) {
  if (text.find('%') == text.npos) return text;
  char* const decoded = static_cast<char*>(arena.Allocate(text.size(), 1));
  size_t n = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded[n++] = text[at];
      continue;
    }
    const int byte = EncodedByte(text, at);
    if (byte < 0) return std::nullopt;
    decoded[n++] = static_cast<char>(byte);
    at += 2;
  }
  return std::string_view(decoded, n);
}

}  // namespace meshhost
