// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace meshhost {

// A route's template, taken apart: "/v1/items/{id}", "/files/{path...}". Immutable value.
struct RoutePattern {
  struct Segment {
    enum class Kind : uint8_t { kLiteral, kParam, kWildcard };
    Kind kind;
    std::string text;  // the literal, or the parameter's name
  };
  static constexpr size_t kMaxParams = 16;

  // Says what is wrong, naming the pattern.
  static absl::StatusOr<RoutePattern> Parse(std::string_view pattern);

  std::vector<Segment> segments;
};

}  // namespace meshhost
