// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "host/config/config.h"
#include "host/config/config_error.h"
#include "host/config/document.h"
#include "host/config/schema.h"

namespace meshhost {

// Fills `config` from `document` key by key as `root` says, and adds each unknown key, wrong type,
// bad value and missing required key to `errors`. Rules between keys are validate.h's.
void ReadConfig(const TomlNode& document, const SchemaTable& root,
                const std::filesystem::path& base_directory, Config& config, ConfigErrors& errors);

}  // namespace meshhost
