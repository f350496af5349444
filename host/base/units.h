// SPDX-License-Identifier: Apache-2.0
//
// Sizes and times as people write them in the configuration: one whole number and one unit. Bare
// numbers, fractions and compounds ("1h30min") are refused, so that a value has one obvious
// reading.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace meshhost {

// "4MiB", "64KiB", "1GB", "512B" in bytes. KiB, MiB, GiB, TiB are powers of 1024; KB, MB, GB, TB of
// 1000. Any thread.
[[nodiscard]] absl::StatusOr<std::uint64_t> ParseSize(std::string_view text);

// "100ms", "30s", "5min", "2h"; units ns, us, ms, s, min, h, d. Any thread.
[[nodiscard]] absl::StatusOr<std::chrono::nanoseconds> ParseDuration(std::string_view text);

// In the largest unit that divides evenly, so that it parses back to the same value: 65536 is
// "64KiB", 90 s is "90s".
[[nodiscard]] std::string FormatSize(std::uint64_t bytes);
// `duration` is not negative.
[[nodiscard]] std::string FormatDuration(std::chrono::nanoseconds duration);

}  // namespace meshhost
