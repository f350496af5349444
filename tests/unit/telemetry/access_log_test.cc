// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>

#include "host/base/unique_fd.h"
#include "tests/unit/telemetry/temporary_log.h"

namespace meshhost {
namespace {

constexpr ConfigDuration kNever = std::chrono::hours(1);

void WriteLine(AccessLog& log, std::uint32_t worker, std::string_view path) {
  const Final final{.http_status = 200, .delivered = true};
  log.Write(worker, {.path = path, .final = &final});
}

std::string PathOf(const std::string& line) { return nlohmann::json::parse(line).at("path"); }

TEST(AccessLog, WritesWhatIsLeftWhenItEnds) {
  const TemporaryLog file;
  {
    auto log = AccessLog::Open({.output = file.output(), .flush_interval = kNever}, 2).value();
    WriteLine(*log, 0, "/a");
    WriteLine(*log, 1, "/b");
  }
  ASSERT_EQ(file.Lines().size(), 2u);
  EXPECT_EQ(PathOf(file.Lines()[0]), "/a");
  EXPECT_EQ(PathOf(file.Lines()[1]), "/b");
}

TEST(AccessLog, WritesAtTheFlushInterval) {
  const TemporaryLog file;
  auto log =
      AccessLog::Open({.output = file.output(), .flush_interval = std::chrono::milliseconds(1)}, 1)
          .value();
  WriteLine(*log, 0, "/a");
  while (file.Lines().empty()) std::this_thread::yield();
}

TEST(AccessLog, WritesWhenTheBufferIsFull) {
  const TemporaryLog file;
  auto log = AccessLog::Open({.output = file.output(), .flush_interval = kNever, .buffer = 1000}, 1)
                 .value();
  for (int i = 0; i < 10; ++i) WriteLine(*log, 0, std::string(100, 'x'));
  while (file.Lines().empty()) std::this_thread::yield();
}

TEST(AccessLog, S64_KeepsTheLinesOfAllWorkersWhole) {
  constexpr int kLines = 5'000;
  const TemporaryLog file;
  std::uint64_t dropped = 0;
  {
    auto log = AccessLog::Open({.output = file.output()}, 2).value();
    const auto write = [&log](std::uint32_t worker) {
      for (int i = 0; i < kLines; ++i)
        WriteLine(*log, worker, "/" + std::to_string(worker) + "/" + std::to_string(i));
    };
    std::thread other([&write] { write(1); });
    write(0);
    other.join();
    dropped = log->dropped();
  }
  std::set<std::string> paths;
  for (const std::string& line : file.Lines()) paths.insert(PathOf(line));
  EXPECT_EQ(paths.size() + dropped, 2u * kLines);
}

// The disk stands still (a pipe that nobody reads): workers go on, lost lines are counted, memory
// is bounded, and what fitted comes out when the disk moves again.
TEST(AccessLog, CountsLinesItLosesRatherThanHoldUpAWorker) {
  const TemporaryLog file;
  ASSERT_EQ(mkfifo(file.path().c_str(), 0600), 0);
  UniqueFd reader(::open(file.path().c_str(), O_RDONLY | O_NONBLOCK));
  std::uint64_t dropped = 0;
  std::thread drain;
  std::string read_back;
  {
    auto log =
        AccessLog::Open({.output = file.output(), .flush_interval = kNever, .buffer = 4096}, 1)
            .value();
    for (int i = 0; i < 20'000; ++i) WriteLine(*log, 0, std::string(100, 'x'));
    dropped = log->dropped();
    EXPECT_GT(dropped, 0u);
    drain = std::thread([&reader, &read_back] {
      ::fcntl(reader.get(), F_SETFL, 0);  // blocking, until the log closes its end
      char buffer[65536];
      for (ssize_t n; (n = ::read(reader.get(), buffer, sizeof buffer)) > 0;)
        read_back.append(buffer, static_cast<std::size_t>(n));
    });
  }
  drain.join();
  const auto lines =
      static_cast<std::uint64_t>(std::count(read_back.begin(), read_back.end(), '\n'));
  EXPECT_EQ(lines + dropped, 20'000u);
}

TEST(AccessLog, ContinuesInANewFileAfterRotation) {
  const TemporaryLog file;
  const std::string rotated = file.path() + ".1";
  {
    auto log = AccessLog::Open(
                   {.output = file.output(), .flush_interval = std::chrono::milliseconds(1)}, 1)
                   .value();
    WriteLine(*log, 0, "/before");
    while (file.Lines().empty()) std::this_thread::yield();
    std::filesystem::rename(file.path(), rotated);
    log->Reopen();
    WriteLine(*log, 0, "/after");
  }
  ASSERT_EQ(TemporaryLog::LinesOf(rotated).size(), 1u);
  ASSERT_EQ(file.Lines().size(), 1u);
  EXPECT_EQ(PathOf(file.Lines()[0]), "/after");
}

TEST(AccessLog, CountsWhatTheOutputRefuses) {
  auto log = AccessLog::Open({.output = {LogOutput::Kind::kFile, "/dev/full"},
                              .flush_interval = std::chrono::milliseconds(1)},
                             1)
                 .value();
  WriteLine(*log, 0, "/lost");
  while (log->write_errors() == 0) std::this_thread::yield();
}

}  // namespace
}  // namespace meshhost
