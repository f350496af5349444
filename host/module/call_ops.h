// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "meshhost/abi/call.h"

namespace meshhost {

// The host's side of mh_call_ops: the C face of ModuleCall. Any thread.
[[nodiscard]] const mh_call_ops& CallOps();

}  // namespace meshhost
