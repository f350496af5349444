// SPDX-License-Identifier: Apache-2.0
//
// [module.config]: settings whose names only the module knows. TOML becomes JSON text: integers
// stay integers, dates become RFC 3339 strings, and what JSON has no word for (inf, nan) is
// refused.
#pragma once

#include <string>
#include <string_view>

#include "host/config/config_error.h"
#include "host/config/document.h"

namespace meshhost {

// `table` as one line of JSON; `path` names it in messages.
[[nodiscard]] std::string FreeFormToJson(const TomlNode& table, std::string_view path,
                                         ConfigErrors& errors);

// The same object with every value masked whose key speaks of a secret ("password", "api_token").
[[nodiscard]] std::string MaskSecrets(const std::string& json);

}  // namespace meshhost
