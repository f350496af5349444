// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/log_line.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "host/telemetry/timestamp.h"

namespace meshhost {
namespace {

constexpr std::uint64_t kTime = 1'767'323'045'678'901'234;  // 2026-01-02T03:04:05.678901234Z

std::string Line(LogConfig::Format format, std::string_view text,
                 const std::vector<LogField>& fields) {
  return FormatLogLine(format, kTime, LogLevel::kInfo, text, fields);
}

TEST(LogLine, IsOneJsonObject) {
  const std::string name = "main";
  EXPECT_EQ(Line(LogConfig::Format::kJson, "bound \"x\"\n",
                 {{"listener", name},
                  {"port", 8080},
                  {"size", std::size_t{7}},
                  {"share", 0.5},
                  {"odd", std::numeric_limits<double>::infinity()},
                  {"tls", true},
                  {"literal", "text"}}),
            R"({"ts":"2026-01-02T03:04:05.678901Z","level":"info","msg":"bound \"x\"\n",)"
            R"("listener":"main","port":8080,"size":7,"share":0.5,"odd":null,"tls":true,)"
            R"("literal":"text"})");
}

TEST(LogLine, IsOneLineOfText) {
  EXPECT_EQ(Line(LogConfig::Format::kText, "bound\nfake line",
                 {{"address", "[::1]:80"}, {"name", "a b"}, {"empty", ""}, {"n", -3}}),
            R"(2026-01-02T03:04:05.678901Z INFO  bound\nfake line address=[::1]:80 name="a b" )"
            R"(empty="" n=-3)");
}

TEST(Timestamp, WritesEachSecondAnew) {
  Timestamp timestamp;
  std::string text(Timestamp::kSize, ' ');
  timestamp.Write(text.data(), 0);
  EXPECT_EQ(text, "1970-01-01T00:00:00.000000Z");
  timestamp.Write(text.data(), 999'999'999);
  EXPECT_EQ(text, "1970-01-01T00:00:00.999999Z");
  timestamp.Write(text.data(), 1'000'000'000);
  EXPECT_EQ(text, "1970-01-01T00:00:01.000000Z");
  timestamp.Write(text.data(), kTime);
  EXPECT_EQ(text, "2026-01-02T03:04:05.678901Z");
}

}  // namespace
}  // namespace meshhost
