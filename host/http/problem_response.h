// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "host/call/exchange.h"
#include "host/call/outcome.h"
#include "host/call/transport.h"

namespace meshhost {

// Answers a call with the problem that an outcome stands for, and ends the response. Before any
// other part of a response was sent. Returns how many bytes of body that took.
size_t SendProblem(Transport& transport, Exchange& exchange, const Outcome& outcome);

}  // namespace meshhost
