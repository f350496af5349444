// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/base/arena.h"
#include "host/call/exchange.h"
#include "meshhost/abi/call.h"

namespace meshhost {

// The call's facts in the ABI's form, in `arena`; views into the exchange, which must outlive it.
// Any thread, once the exchange's handler was called: what is read does not change after that.
[[nodiscard]] const mh_call_info* MakeCallInfo(Exchange& exchange, Arena& arena);

}  // namespace meshhost
