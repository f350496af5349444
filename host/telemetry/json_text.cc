// SPDX-License-Identifier: Apache-2.0
//
// Log lines carry text that peers chose. It must not be able to end a string, a line or a
// terminal's good mood, and the line must stay valid JSON, so anything but printable ASCII and
// valid UTF-8 is escaped. Nearly all text is printable ASCII: eight bytes at a time are tested for
// that and copied.
#include "host/telemetry/json_text.h"

#include <cstdint>
#include <cstring>

namespace meshhost {
namespace {

constexpr std::uint64_t Repeat(std::uint8_t byte) { return byte * 0x0101010101010101ull; }

// Is any of the eight bytes a control character, DEL, '"', '\\' or above ASCII? May say yes for
// others, never no for these.
bool NeedsCare(std::uint64_t eight) {
  const std::uint64_t high = Repeat(0x80);
  const std::uint64_t quote = eight ^ Repeat('"');
  const std::uint64_t backslash = eight ^ Repeat('\\');
  const std::uint64_t del = eight ^ Repeat(0x7f);
  const std::uint64_t below_space = (eight - Repeat(0x20)) & ~eight;
  const std::uint64_t any_zero = ((quote - Repeat(1)) & ~quote) |
                                 ((backslash - Repeat(1)) & ~backslash) |
                                 ((del - Repeat(1)) & ~del);
  return ((eight | below_space | any_zero) & high) != 0;
}

bool IsPlain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

char* WriteEscape(char* out, unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  *out++ = '\\';
  switch (c) {
    case '"':
    case '\\':
      *out++ = static_cast<char>(c);
      return out;
    case '\n':
      *out++ = 'n';
      return out;
    case '\r':
      *out++ = 'r';
      return out;
    case '\t':
      *out++ = 't';
      return out;
    default:
      std::memcpy(out, "u00", 3);
      out[3] = kHex[c >> 4];
      out[4] = kHex[c & 15];
      return out + 5;
  }
}

bool IsContinuation(unsigned char c) { return (c & 0xc0) == 0x80; }

// Length of the UTF-8 sequence at the start of `text`, which begins above ASCII; 0 if it is not
// valid (RFC 3629: no overlong forms, surrogates, or code points above U+10FFFF) or is a C1
// control.
std::size_t SequenceLength(std::string_view text) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  const std::size_t length = lead < 0xc2   ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!IsContinuation(at(i))) return 0;
  if (lead == 0xc2 && at(1) < 0xa0) return 0;
  if (lead == 0xe0 && at(1) < 0xa0) return 0;
  if (lead == 0xed && at(1) >= 0xa0) return 0;
  if (lead == 0xf0 && at(1) < 0x90) return 0;
  if (lead == 0xf4 && at(1) >= 0x90) return 0;
  return length;
}

}  // namespace

char* WriteJsonText(char* out, std::string_view text) {
  while (!text.empty()) {
    std::uint64_t eight = 0;
    if (text.size() >= sizeof eight) {
      std::memcpy(&eight, text.data(), sizeof eight);
      if (!NeedsCare(eight)) [[likely]] {
        std::memcpy(out, &eight, sizeof eight);
        out += sizeof eight;
        text.remove_prefix(sizeof eight);
        continue;
      }
    } else {
      eight = Repeat(' ');
      std::memcpy(&eight, text.data(), text.size());
      if (!NeedsCare(eight)) [[likely]] {
        std::memcpy(out, text.data(), text.size());
        return out + text.size();
      }
    }
    const auto c = static_cast<unsigned char>(text.front());
    std::size_t taken = 1;
    if (IsPlain(c)) {
      *out++ = static_cast<char>(c);
    } else if (c < 0x80) {
      out = WriteEscape(out, c);
    } else if (taken = SequenceLength(text); taken != 0) {
      std::memcpy(out, text.data(), taken);
      out += taken;
    } else {
      taken = 1;
      std::memcpy(out, "\\ufffd", 6);
      out += 6;
    }
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace meshhost
