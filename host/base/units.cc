// SPDX-License-Identifier: Apache-2.0
#include "host/base/units.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

#include "absl/status/status.h"
#include "host/base/concat.h"

namespace meshhost {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit kSizeUnits[] = {{"B", 1},
                               {"KB", 1'000},
                               {"MB", 1'000'000},
                               {"GB", 1'000'000'000},
                               {"TB", 1'000'000'000'000},
                               {"KiB", 1ull << 10},
                               {"MiB", 1ull << 20},
                               {"GiB", 1ull << 30},
                               {"TiB", 1ull << 40}};

constexpr Unit kDurationUnits[] = {{"ns", 1},
                                   {"us", 1'000},
                                   {"ms", 1'000'000},
                                   {"s", 1'000'000'000},
                                   {"min", 60ull * 1'000'000'000},
                                   {"h", 3600ull * 1'000'000'000},
                                   {"d", 86400ull * 1'000'000'000}};

std::string Names(std::span<const Unit> units) {
  std::string names;
  for (const Unit& unit : units) names += Concat({names.empty() ? "" : ", ", unit.name});
  return names;
}

absl::StatusOr<std::uint64_t> Parse(std::string_view text, std::span<const Unit> units,
                                    std::uint64_t largest) {
  const auto refuse = [&](std::string_view why) {
    return absl::InvalidArgumentError(Concat({"\"", text, "\" ", why}));
  };
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::invalid_argument) return refuse("does not start with a number");
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  if (error == std::errc::result_out_of_range) return refuse("is too large");
  if (name.empty()) return refuse(Concat({"has no unit (", Names(units), ")"}));
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& candidate) { return candidate.name == name; });
  if (unit == units.end())
    return refuse(Concat({"is not a whole number with one of the units ", Names(units)}));
  if (number > largest / unit->factor) return refuse("is too large");
  return number * unit->factor;
}

std::string Format(std::uint64_t value, std::span<const Unit> units, std::string_view zero) {
  if (value == 0) return std::string(zero);
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && unit.factor > best->factor) best = &unit;
  }
  return Concat({std::to_string(value / best->factor), best->name});
}

}  // namespace

absl::StatusOr<std::uint64_t> ParseSize(std::string_view text) {
  return Parse(text, kSizeUnits, std::numeric_limits<std::uint64_t>::max());
}

absl::StatusOr<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  auto count = Parse(text, kDurationUnits, std::numeric_limits<std::int64_t>::max());
  if (!count.ok()) return count.status();
  return std::chrono::nanoseconds(static_cast<std::int64_t>(*count));
}

std::string FormatSize(std::uint64_t bytes) { return Format(bytes, kSizeUnits, "0B"); }

std::string FormatDuration(std::chrono::nanoseconds duration) {
  return Format(static_cast<std::uint64_t>(duration.count()), kDurationUnits, "0s");
}

}  // namespace meshhost
