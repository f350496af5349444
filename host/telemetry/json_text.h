// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace meshhost {

// At most this many bytes come out for one byte of text ("\u0000", or "\ufffd" for a bad byte).
inline constexpr std::size_t kMaxJsonEscape = 6;

// Writes `text` to `out` as the inside of a JSON string: quotes, backslashes, control characters
// and DEL escaped, bytes that are not valid UTF-8 replaced. `out` has room for text.size() *
// kMaxJsonEscape bytes. Returns the end. Allocates nothing; any thread.
char* WriteJsonText(char* out, std::string_view text);

}  // namespace meshhost
