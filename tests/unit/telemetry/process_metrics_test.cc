// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/process_metrics.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <ctime>
#include <string>

#include "host/base/unique_fd.h"
#include "tests/unit/telemetry/scrape.h"

namespace meshhost {
namespace {

class ProcessMetricsTest : public testing::Test {
 protected:
  ProcessMetricsTest() { EXPECT_TRUE(AddProcessMetrics(registry_).ok()); }
  double Value(std::string_view name) { return std::stod(Sample(registry_, name).value_or("-1")); }

  Registry registry_{{}};
};

TEST_F(ProcessMetricsTest, CountOpenDescriptors) {
  const double before = Value("process_open_fds");
  const UniqueFd one(::eventfd(0, 0));
  const UniqueFd two(::eventfd(0, 0));
  EXPECT_GT(before, 2);
  EXPECT_EQ(Value("process_open_fds"), before + 2);
  EXPECT_GT(Value("process_max_fds"), before);
}

TEST_F(ProcessMetricsTest, TellMemoryThreadsAndStart) {
  EXPECT_GT(Value("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(Value("process_virtual_memory_bytes"), Value("process_resident_memory_bytes"));
  EXPECT_GE(Value("process_threads"), 1);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_LE(Value("process_start_time_seconds"), now + 1);
  EXPECT_GT(Value("process_start_time_seconds"), now - 600);
}

TEST_F(ProcessMetricsTest, CountProcessorTime) {
  const double before = Value("process_cpu_seconds_total");
  while (Value("process_cpu_seconds_total") < before + 0.01) {
  }
  EXPECT_GT(before, 0);
}

}  // namespace
}  // namespace meshhost
