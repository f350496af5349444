// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "host/base/arena.h"

namespace meshhost {

// Every '%' is followed by two hex digits, and none encodes NUL.
bool IsPercentEncoded(std::string_view text);

// Text with %XX replaced, in the arena; `text` itself when there is none. nullopt unless
// IsPercentEncoded.
std::optional<std::string_view> PercentDecode(std::string_view text, Arena& arena);

}  // namespace meshhost
