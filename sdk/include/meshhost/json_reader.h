// SPDX-License-Identifier: Apache-2.0
//
// [skin] A strict pull reader for the small JSON that settings are: enough to fill a struct and to
// name what is wrong, without a JSON library in every module. Depth is bounded by the struct.
#pragma once

#include <meshhost/status.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace mh {
namespace detail {

class JsonReader final {
 public:
  explicit JsonReader(std::string_view text) : rest_(text) {}

  // The next character that is no blank; 0 at the end.
  char Peek() {
    const size_t blank = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(blank == std::string_view::npos ? rest_.size() : blank);
    return rest_.empty() ? '\0' : rest_.front();
  }

  bool Accept(char wanted) {
    if (Peek() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool ReadText(std::string& out) {
    out.clear();
    if (!Accept('"')) return false;
    while (!rest_.empty()) {
      const char c = Take();
      if (c == '"') return true;
      if (c == '\\') {
        if (!ReadEscape(out)) return false;
      } else {
        out += c;
      }
    }
    return false;
  }

  bool ReadBool(bool& out) {
    Peek();
    out = rest_.substr(0, 4) == "true";
    if (!out && rest_.substr(0, 5) != "false") return false;
    rest_.remove_prefix(out ? 4 : 5);
    return true;
  }

  template <class Number>
  bool ReadNumber(Number& out) {
    Peek();
    const auto end = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
    if (end.ec != std::errc()) return false;
    rest_.remove_prefix(static_cast<size_t>(end.ptr - rest_.data()));
    return rest_.empty() || std::string_view(",]} \t\r\n").find(rest_.front()) != rest_.npos;
  }

  // Any value, for keys that nobody wants; bounded depth.
  bool Skip(int depth = 0) {
    std::string text;
    double number;
    bool boolean;
    if (depth > 64) return false;
    switch (Peek()) {
      case '"':
        return ReadText(text);
      case '{':
      case '[':
        return SkipMembers(depth);
      case 't':
      case 'f':
        return ReadBool(boolean);
      case 'n':
        if (rest_.substr(0, 4) != "null") return false;
        rest_.remove_prefix(4);
        return true;
      default:
        return ReadNumber(number);
    }
  }

 private:
  char Take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  bool SkipMembers(int depth) {
    const bool object = Take() == '{';
    const char close = object ? '}' : ']';
    if (Accept(close)) return true;
    std::string key;
    do {
      if (object && (!ReadText(key) || !Accept(':'))) return false;
      if (Peek() == 0 || !Skip(depth + 1)) return false;
    } while (Accept(','));
    return Accept(close);
  }

  bool ReadEscape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = Take();
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    const size_t at = kNames.find(c);
    if (at != kNames.npos) {
      out += kValues[at];
      return true;
    }
    return c == 'u' && ReadCodePoint(out);
  }

  bool ReadHex(uint32_t& out) {
    if (rest_.size() < 4) return false;
    const auto end = std::from_chars(rest_.data(), rest_.data() + 4, out, 16);
    if (end.ptr != rest_.data() + 4) return false;
    rest_.remove_prefix(4);
    return true;
  }

  bool ReadCodePoint(std::string& out) {
    uint32_t point = 0;
    if (!ReadHex(point)) return false;
    if (point >= 0xd800 && point < 0xe000) {  // must be a pair
      uint32_t low = 0;
      if (point >= 0xdc00 || rest_.substr(0, 2) != "\\u") return false;
      rest_.remove_prefix(2);
      if (!ReadHex(low) || low < 0xdc00 || low >= 0xe000) return false;
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    AppendUtf8(point, out);
    return true;
  }

  static void AppendUtf8(uint32_t point, std::string& out) {
    const auto tail = [&](int shift) {
      out += static_cast<char>(0x80 | ((point >> shift) & 0x3f));
    };
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xc0 | (point >> 6));
      tail(0);
    } else if (point < 0x10000) {
      out += static_cast<char>(0xe0 | (point >> 12));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xf0 | (point >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::string_view rest_;
};

}  // namespace detail
}  // namespace mh
