// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/metadata.h"

#include <algorithm>
#include <array>

#include "host/call/binary_metadata.h"

namespace meshhost {
namespace {

constexpr std::array<std::string_view, 10> kReserved = {
    "connection", "content-length",   "content-type", "host",    "keep-alive",
    "te",         "proxy-connection", "trailer",      "upgrade", "transfer-encoding"};

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool IsTextByte(char c) { return c >= 0x20 && c <= 0x7e; }

bool MaySet(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsNameByte) &&
         !name.starts_with("grpc-") &&
         std::find(kReserved.begin(), kReserved.end(), name) == kReserved.end();
}

}  // namespace

size_t WriteMetadata(std::span<const Header> fields, Header* to, Arena& arena) {
  size_t n = 0;
  for (const Header& field : fields) {
    if (!MaySet(field.name)) continue;
    if (IsBinaryMetadata(field.name)) {
      to[n++] = {field.name, EncodeBinaryMetadata(field.value, arena)};
    } else if (std::all_of(field.value.begin(), field.value.end(), IsTextByte)) {
      to[n++] = field;
    }
  }
  return n;
}

std::string_view EncodeGrpcMessage(std::string_view text, Arena& arena) {
  const auto plain = [](char c) { return IsTextByte(c) && c != '%'; };
  const size_t encoded = text.size() - std::count_if(text.begin(), text.end(), plain);
  if (encoded == 0) return text;
  constexpr std::string_view kHex = "0123456789ABCDEF";
  char* to = static_cast<char*>(arena.Allocate(text.size() + 2 * encoded, 1));
  char* end = to;
  for (char c : text) {
    if (plain(c)) {
      *end++ = c;
      continue;
    }
    *end++ = '%';
    *end++ = kHex[static_cast<uint8_t>(c) >> 4];
    *end++ = kHex[static_cast<uint8_t>(c) & 15];
  }
  return {to, static_cast<size_t>(end - to)};
}

}  // namespace meshhost
