// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace meshhost {

// The word of `known` that `word` was probably meant to be, by edit distance; empty when none is
// close. Any thread.
[[nodiscard]] std::string_view Nearest(std::string_view word,
                                       const std::vector<std::string_view>& known);

}  // namespace meshhost
