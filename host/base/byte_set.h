// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace meshhost {

// A set of bytes as a table, for the character classes of protocols.
class ByteSet final {
 public:
  constexpr ByteSet With(std::string_view bytes) const {
    ByteSet set = *this;
    for (const char c : bytes) set.has_[static_cast<unsigned char>(c)] = true;
    return set;
  }
  constexpr ByteSet WithRange(unsigned char first, unsigned char last) const {
    ByteSet set = *this;
    for (int c = first; c <= last; ++c) set.has_[static_cast<size_t>(c)] = true;
    return set;
  }

  constexpr bool Has(char c) const { return has_[static_cast<unsigned char>(c)]; }
  constexpr bool HasAll(std::string_view text) const {
    return std::all_of(text.begin(), text.end(), [this](char c) { return Has(c); });
  }

 private:
  std::array<bool, 256> has_{};
};

}  // namespace meshhost
