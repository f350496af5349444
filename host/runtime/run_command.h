// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/runtime/program.h"

namespace meshhost {

// `meshhost run --config FILE`: serves until a signal ends it. Returns the exit code.
int RunHost(const std::string& config_file, const Program& program);

// `meshhost check --config FILE`: everything that a start does short of binding. Prints what is
// wrong as FILE:LINE:COL: error: ...; with `json` the effective configuration, or the errors.
int CheckConfig(const std::string& config_file, bool json);

}  // namespace meshhost
