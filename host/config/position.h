// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace meshhost {

// A place in the TOML file, counted from 1; {0, 0} when the value was not written there (a
// default). Plain value; kept by every part of Config that a later step may still have to complain
// about.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

}  // namespace meshhost
