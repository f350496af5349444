// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "host/call/outcome.h"

namespace meshhost {

// The close code (RFC 6455 section 7.4) that an outcome is told with. `draining`: the host had
// asked the handler to end.
uint16_t CloseCodeOf(const Outcome& outcome, bool draining);

// As much of the text as fits a Close frame, cut between characters; nothing when it is no UTF-8.
std::string_view CloseReasonOf(std::string_view text);

}  // namespace meshhost
