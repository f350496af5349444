// SPDX-License-Identifier: Apache-2.0
//
// The tables of the configuration file. Adding a key is one member in config.h and one expression
// in schema*.cc; nothing else in this folder names a key, except for rules between several of them
// (validate.cc).
#pragma once

#include <cstdint>

#include "host/config/schema_table.h"

namespace meshhost {

inline constexpr Reload kHot = Reload::kHot;
inline constexpr Reload kCold = Reload::kCold;
inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;
inline constexpr std::uint64_t kMs = 1'000'000;
inline constexpr std::uint64_t kSecond = 1000 * kMs;
inline constexpr std::uint64_t kHour = 3600 * kSecond;
inline constexpr std::uint64_t kDay = 24 * kHour;
inline constexpr std::uint32_t kMillion = 1'000'000;

// The whole schema; its sections are in Config. Built afresh, cheap against reading a file.
[[nodiscard]] SchemaTable RootTable();

// [[listener]] and [[module]] with all that they contain.
[[nodiscard]] SchemaTable ListenerTable();
[[nodiscard]] SchemaTable ModuleTable();
[[nodiscard]] SchemaTable SecurityTable();

}  // namespace meshhost
