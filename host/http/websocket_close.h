// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "host/call/outcome.h"

namespace meshhost {

// The close code (RFC 6455 section 7.4) that an outcome is told with. `leaving`: why the host
// had asked the handler to end; kNone: it did not.
uint16_t CloseCodeOf(const Outcome& outcome, Reason leaving);

// As much of the text as fits a Close frame, cut between characters; nothing when it is no UTF-8.
std::string_view CloseReasonOf(std::string_view text);

}  // namespace meshhost
