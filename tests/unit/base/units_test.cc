// SPDX-License-Identifier: Apache-2.0
#include "host/base/units.h"

#include <gtest/gtest.h>

#include <limits>

namespace meshhost {
namespace {

using std::chrono::nanoseconds;

std::uint64_t Size(std::string_view text) {
  const auto size = ParseSize(text);
  EXPECT_TRUE(size.ok()) << size.status();
  return size.value_or(0);
}

nanoseconds Time(std::string_view text) {
  const auto duration = ParseDuration(text);
  EXPECT_TRUE(duration.ok()) << duration.status();
  return duration.value_or(nanoseconds(0));
}

TEST(Units, ReadsSizes) {
  EXPECT_EQ(Size("0B"), 0u);
  EXPECT_EQ(Size("64KiB"), 65536u);
  EXPECT_EQ(Size("4MiB"), 4194304u);
  EXPECT_EQ(Size("1GB"), 1000000000u);
  EXPECT_EQ(Size("2TiB"), std::uint64_t{2} << 40);
}

TEST(Units, ReadsDurations) {
  EXPECT_EQ(Time("100ms"), std::chrono::milliseconds(100));
  EXPECT_EQ(Time("30s"), std::chrono::seconds(30));
  EXPECT_EQ(Time("5min"), std::chrono::minutes(5));
  EXPECT_EQ(Time("2h"), std::chrono::hours(2));
  EXPECT_EQ(Time("7us"), std::chrono::microseconds(7));
  EXPECT_EQ(Time("1d"), std::chrono::hours(24));
}

TEST(Units, RefusesWhatHasNoObviousReading) {
  for (const char* text : {"", "4", "MiB", "4M", "4 MiB", "4mib", "1.5MiB", "-1B", "+1B", " 1B",
                           "1B ", "0x1B", "18446744073709551616B", "16777216TiB"}) {
    EXPECT_FALSE(ParseSize(text).ok()) << text;
  }
  for (const char* text : {"", "30", "s", "5m", "1h30min", "-1s", "1.5s", "30S", "106752d"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Units, SaysWhyItRefuses) {
  EXPECT_EQ(ParseDuration("30").status().message(),
            "\"30\" has no unit (ns, us, ms, s, min, h, d)");
  EXPECT_EQ(ParseDuration("5m").status().message(),
            "\"5m\" is not a whole number with one of the units ns, us, ms, s, min, h, d");
  EXPECT_EQ(ParseDuration("x").status().message(), "\"x\" does not start with a number");
  EXPECT_EQ(ParseDuration("300000d").status().message(), "\"300000d\" is too large");
}

TEST(Units, PrintsTheLargestUnitThatDividesEvenly) {
  EXPECT_EQ(FormatSize(0), "0B");
  EXPECT_EQ(FormatSize(65535), "65535B");
  EXPECT_EQ(FormatSize(65536), "64KiB");
  EXPECT_EQ(FormatSize(4u << 20), "4MiB");
  EXPECT_EQ(FormatSize(1000000000), "1GB");
  EXPECT_EQ(FormatDuration(nanoseconds(0)), "0s");
  EXPECT_EQ(FormatDuration(std::chrono::seconds(90)), "90s");
  EXPECT_EQ(FormatDuration(std::chrono::minutes(5)), "5min");
  EXPECT_EQ(FormatDuration(std::chrono::milliseconds(1500)), "1500ms");
}

TEST(Units, ParsesBackWhatItPrints) {
  for (std::uint64_t value = 1; value < std::numeric_limits<std::uint64_t>::max() / 7;
       value = value * 7 + 3) {
    EXPECT_EQ(Size(FormatSize(value)), value);
    const nanoseconds duration(static_cast<std::int64_t>(value / 2));
    EXPECT_EQ(Time(FormatDuration(duration)), duration);
  }
}

}  // namespace
}  // namespace meshhost
