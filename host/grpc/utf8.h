// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace meshhost {

// Is the text well-formed UTF-8 (Unicode table 3-7: no overlong forms, surrogates or code points
// beyond U+10FFFF)?
bool IsUtf8(std::string_view text);

}  // namespace meshhost
