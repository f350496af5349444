// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/config/config.h"
#include "host/telemetry/log.h"

namespace meshhost {

// One warning for each thing that profile "production" refuses and the configuration asks for all
// the same. At every start, and at every reload.
void WarnOfProductionOverrides(const Config& config, Log& log);

}  // namespace meshhost
