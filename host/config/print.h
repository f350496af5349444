// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "host/config/config.h"

namespace meshhost {

enum class Comments { kNone, kReference };

// The effective configuration, defaults included, as TOML that loads to the same values, or as JSON
// with the same names. kReference puts meaning, range and hot/cold above each key. In both, values
// in [module.config] whose key speaks of a secret are masked. Any thread.
[[nodiscard]] std::string ToToml(const Config& config, Comments comments = Comments::kNone);
[[nodiscard]] std::string ToJson(const Config& config);
// The tables of these names alone, to see whether they differ between two configurations.
[[nodiscard]] std::string TablesToToml(const Config& config,
                                       std::span<const std::string_view> tables);

}  // namespace meshhost
