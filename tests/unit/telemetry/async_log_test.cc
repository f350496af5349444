// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/async_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/unit/telemetry/temporary_log.h"

namespace meshhost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string MessageOf(const std::string& line) { return nlohmann::json::parse(line).at("msg"); }

TEST(AsyncLog, S64_WritesLinesFromTheConfiguredLevelUp) {
  const TemporaryLog file;
  {
    auto log = AsyncLog::Open({.level = LogLevel::kWarn, .output = file.output()}).value();
    log->Info("no");
    log->Warn("one", {{"key", "value"}});
    log->SetLevel(LogLevel::kDebug);
    log->Debug("two");
    EXPECT_TRUE(log->Enabled(LogLevel::kDebug));
    EXPECT_FALSE(log->Enabled(LogLevel::kTrace));
  }
  const std::vector<std::string> lines = file.Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr(R"("level":"warn","msg":"one","key":"value"})"));
  EXPECT_EQ(MessageOf(lines[1]), "two");
}

TEST(AsyncLog, KeepsTheLinesOfManyThreadsWhole) {
  const TemporaryLog file;
  {
    auto log = AsyncLog::Open({.output = file.output()}).value();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&log] {
        for (int n = 0; n < 500; ++n) log->Info("line", {{"n", n}});
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(log->dropped(), 0u);
  }
  const std::vector<std::string> lines = file.Lines();
  EXPECT_EQ(lines.size(), 2000u);
  for (const std::string& line : lines) EXPECT_EQ(MessageOf(line), "line");
}

TEST(AsyncLog, ContinuesInANewFileAfterRotation) {
  const TemporaryLog file;
  const std::string rotated = file.path() + ".1";
  {
    auto log = AsyncLog::Open({.output = file.output()}).value();
    log->Info("before");
    // The line is written by another thread; rotation waits for it.
    while (file.Lines().empty()) std::this_thread::yield();
    std::filesystem::rename(file.path(), rotated);
    log->Reopen();
    log->Info("after");
  }
  ASSERT_EQ(TemporaryLog::LinesOf(rotated).size(), 1u);
  ASSERT_EQ(file.Lines().size(), 1u);
  EXPECT_EQ(MessageOf(file.Lines().front()), "after");
}

TEST(AsyncLog, CountsWhatTheOutputRefuses) {
  auto log =
      AsyncLog::Open({.output = {.kind = LogOutput::Kind::kFile, .path = "/dev/full"}}).value();
  log->Info("lost");
  while (log->write_errors() == 0) std::this_thread::yield();
  EXPECT_EQ(log->write_errors(), 1u);
}

TEST(AsyncLog, NamesTheFileThatItCannotOpen) {
  const auto log =
      AsyncLog::Open({.output = {.kind = LogOutput::Kind::kFile, .path = "/nonexistent/x.log"}});
  EXPECT_THAT(std::string(log.status().message()), HasSubstr("\"/nonexistent/x.log\""));
}

}  // namespace
}  // namespace meshhost
