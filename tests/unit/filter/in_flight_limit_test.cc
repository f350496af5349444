// SPDX-License-Identifier: Apache-2.0
#include "host/filter/in_flight_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace meshhost {
namespace {

uint32_t AcquireAll(InFlightLimit& limit, uint32_t worker) {
  uint32_t count = 0;
  while (limit.Acquire(worker)) ++count;
  return count;
}

TEST(InFlightLimit, IsExactWhenSmall) {
  InFlightLimit limit(10, 4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(limit.Acquire(0));
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(limit.Acquire(3));
  EXPECT_FALSE(limit.Acquire(1));
  limit.Release(0);
  EXPECT_TRUE(limit.Acquire(1));
  EXPECT_FALSE(limit.Acquire(0));
}

TEST(InFlightLimit, GivesAllToOneWorkerThatIsAlone) {
  InFlightLimit limit(10'000, 2);
  EXPECT_EQ(AcquireAll(limit, 0), 10'000u);
  EXPECT_FALSE(limit.Acquire(1));
}

TEST(InFlightLimit, IsReachedALittleEarlyAtMostWhenLarge) {
  InFlightLimit limit(10'000, 4);
  for (uint32_t worker = 0; worker < 4; ++worker) {
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(limit.Acquire(worker));
    for (int i = 0; i < 500; ++i) limit.Release(worker);
  }
  const uint32_t acquired = AcquireAll(limit, 0);
  EXPECT_LE(acquired, 10'000u);
  EXPECT_GE(acquired, 10'000u - 10'000u / 16);
}

TEST(InFlightLimit, ZeroAdmitsNothing) {
  InFlightLimit limit(0, 1);
  EXPECT_FALSE(limit.Acquire(0));
}

// Workers come and go as fast as they can; the limit is never exceeded and nothing gets lost.
TEST(InFlightLimit, HoldsWhileAllWorkersUseIt) {
  constexpr uint32_t kLimit = 300;
  constexpr uint32_t kWorkers = 3;
  InFlightLimit limit(kLimit, kWorkers);
  std::atomic<int> in_flight = 0;
  std::atomic<int> most = 0;
  const auto run = [&](uint32_t worker) {
    for (int round = 0; round < 2'000; ++round) {
      int held = 0;
      while (held < 150 && limit.Acquire(worker)) {
        ++held;
        const int now = ++in_flight;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
      }
      for (; held > 0; --held) {
        --in_flight;
        limit.Release(worker);
      }
    }
  };
  std::vector<std::thread> workers;
  for (uint32_t worker = 0; worker < kWorkers; ++worker) workers.emplace_back(run, worker);
  for (std::thread& worker : workers) worker.join();
  EXPECT_LE(most, static_cast<int>(kLimit));
  uint32_t left = 0;
  for (uint32_t worker = 0; worker < kWorkers; ++worker) left += AcquireAll(limit, worker);
  EXPECT_EQ(left, kLimit);
}

}  // namespace
}  // namespace meshhost
