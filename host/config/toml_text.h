// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace meshhost {

// `text` (UTF-8) as a TOML basic string, quotes included. Any thread.
[[nodiscard]] std::string QuoteToml(std::string_view text);

// `key` bare where TOML allows it, quoted otherwise.
[[nodiscard]] std::string TomlKey(std::string_view key);

}  // namespace meshhost
