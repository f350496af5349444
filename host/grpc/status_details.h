// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/call/outcome.h"

namespace meshhost {

// The serialized google.rpc.Status, with a google.rpc.ErrorInfo{reason, domain "meshhost"}, that
// tells a client why the host itself refused. `refusal.reason` is not kNone. Any thread.
std::string RefusalDetails(const Outcome& refusal);

}  // namespace meshhost
