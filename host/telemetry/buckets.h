// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace meshhost {

// Nanoseconds, 0.5 ms to 30 s: the bounds that OpenTelemetry recommends for request durations, with
// three finer ones below and one coarser above, so dashboards made for those bounds work unchanged.
inline std::vector<std::uint64_t> RequestDurationBuckets() {
  return {500'000,       1'000'000,      2'500'000,     5'000'000,     10'000'000,
          25'000'000,    50'000'000,     75'000'000,    100'000'000,   250'000'000,
          500'000'000,   750'000'000,    1'000'000'000, 2'500'000'000, 5'000'000'000,
          7'500'000'000, 10'000'000'000, 30'000'000'000};
}

// Nanoseconds, 1 s to 1 day: connections and WebSocket sessions.
inline std::vector<std::uint64_t> SessionDurationBuckets() {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return {kSecond,         10 * kSecond,    60 * kSecond,     300 * kSecond,
          1'800 * kSecond, 3'600 * kSecond, 21'600 * kSecond, 86'400 * kSecond};
}

// Nanoseconds, 10 us to 1 s: how late an event loop runs.
inline std::vector<std::uint64_t> LoopLagBuckets() {
  return {10'000,     100'000,    500'000,     1'000'000,   5'000'000,
          10'000'000, 50'000'000, 100'000'000, 500'000'000, 1'000'000'000};
}

// Bytes, 256 B to 16 MiB in steps of four.
inline std::vector<std::uint64_t> SizeBuckets() {
  return {256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216};
}

// Exposed unit: what a module's histogram gets when it names no bounds (OpenTelemetry's, seconds).
inline std::vector<double> DefaultModuleBuckets() {
  return {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
}

}  // namespace meshhost
