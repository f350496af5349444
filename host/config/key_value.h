// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "host/config/config_error.h"
#include "host/config/document.h"
#include "host/config/schema_key.h"

namespace meshhost {

// The value of `key` as written in `node`, with type, unit, range and choices checked, or nothing
// after an error that names it `path`. Any thread.
[[nodiscard]] std::optional<ConfigValue> ReadValue(const SchemaKey& key, const TomlNode& node,
                                                   std::string_view path, ConfigErrors& errors);

}  // namespace meshhost
