// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace meshhost {

// Writes times as RFC 3339 with microseconds, UTC ("2026-01-02T03:04:05.678901Z"). Keeps the text
// of the last second, since a log asks for the same one many times. One thread at a time.
class Timestamp final {
 public:
  static constexpr std::size_t kSize = 27;

  // Writes kSize characters, returns the end.
  char* Write(char* out, std::uint64_t wall_ns);

 private:
  static constexpr std::size_t kSecondsSize = 20;  // up to and with the point

  std::uint64_t second_ = ~std::uint64_t{0};
  std::array<char, kSecondsSize> text_{};
};

}  // namespace meshhost
