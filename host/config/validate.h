// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/config/config.h"
#include "host/config/config_error.h"

namespace meshhost {

// The rules between several keys: names and addresses that clash, TLS settings that contradict each
// other, what profile "production" refuses. Fills `errors`; reads nothing but `config`, which may
// be half filled after earlier errors.
void ValidateConfig(const Config& config, ConfigErrors& errors);

// Whether the files that `config` names exist and have fitting rights. Asks the file system.
void CheckFiles(const Config& config, ConfigErrors& errors);

}  // namespace meshhost
