// SPDX-License-Identifier: Apache-2.0
#include "host/call/binary_metadata.h"

#include <array>
#include <cstdint>

namespace meshhost {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kInvalid = 0xff;

constexpr std::array<uint8_t, 256> MakeValues() {
  std::array<uint8_t, 256> values{};
  values.fill(kInvalid);
  for (uint8_t i = 0; i < 64; ++i) values[static_cast<uint8_t>(kAlphabet[i])] = i;
  return values;
}
constexpr std::array<uint8_t, 256> kValues = MakeValues();

}  // namespace

std::optional<std::string_view> DecodeBinaryMetadata(std::string_view value, Arena& arena) {
  if (value.size() % 4 == 0 && value.ends_with("==")) {
    value.remove_suffix(2);
  } else if (value.size() % 4 == 0 && value.ends_with('=')) {
    value.remove_suffix(1);
  }
  if (value.size() % 4 == 1) return std::nullopt;
  char* bytes = static_cast<char*>(arena.Allocate(value.size() / 4 * 3 + 3, 1));
  size_t n = 0;
  uint32_t bits = 0;
  int held = 0;
  for (char c : value) {
    const uint8_t six = kValues[static_cast<uint8_t>(c)];
    if (six == kInvalid) return std::nullopt;
    bits = bits << 6 | six;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[n++] = static_cast<char>(bits >> held);
  }
  return std::string_view(bytes, n);
}

std::string_view EncodeBinaryMetadata(std::string_view bytes, Arena& arena) {
  char* text = static_cast<char*>(arena.Allocate(bytes.size() / 3 * 4 + 4, 1));
  size_t n = 0;
  uint32_t bits = 0;
  int held = 0;
  for (char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text[n++] = kAlphabet[bits >> held & 63];
    }
  }
  if (held > 0) text[n++] = kAlphabet[bits << (6 - held) & 63];
  return {text, n};
}

}  // namespace meshhost
