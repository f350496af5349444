// SPDX-License-Identifier: Apache-2.0
//
// Goal: updates on all threads, while series come and go and scrapes run, are neither torn nor
// lost. Method: real threads; what they wrote is known, so the last scrape must show exactly that.
// The thread sanitizer watches the same run.
#include "host/telemetry/shard.h"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "host/telemetry/registry.h"
#include "tests/unit/telemetry/scrape.h"

namespace meshhost {
namespace {

constexpr std::uint32_t kWorkers = 3;
constexpr std::uint64_t kRounds = 100'000;

struct Series {
  CounterId counter;
  LevelId level;
  HistogramId histogram;
};

Series MakeSeries(Registry& registry) {
  Series series;
  series.counter =
      registry.Counter(registry.Define({.name = "calls_total", .help = "x"}).value(), {}).value();
  series.level =
      registry
          .Level(
              registry.Define({.name = "active", .help = "x", .kind = MetricKind::kLevel}).value(),
              {})
          .value();
  series.histogram = registry
                         .Histogram(registry
                                        .Define({.name = "size_bytes",
                                                 .help = "x",
                                                 .kind = MetricKind::kHistogram,
                                                 .histogram = {{9, 99, 999}, 1}})
                                        .value(),
                                    {})
                         .value();
  return series;
}

template <typename AnyShard>
void WriteRounds(AnyShard& shard, const Series& series) {
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    shard.Add(series.level, 1);
    shard.Add(series.counter, 3);
    shard.Observe(series.histogram, i % 1000);
    shard.Add(series.level, -1);
  }
}

// Series of a module generation after the other, as reloads make them.
void ComeAndGo(Registry& registry, const std::atomic<bool>& stop) {
  while (!stop) {
    const MetricOwner owner = registry.NewOwner();
    const FamilyId family =
        registry.Define({.name = "passing_total", .help = "x", .labels = {"n"}}, owner).value();
    for (int i = 0; i < 700; ++i) {
      const std::string n = std::to_string(i);
      registry.shared().Add(registry.Counter(family, {n}, owner).value());
    }
    registry.RemoveOwner(owner);
  }
}

// Counts never fall from one scrape to the next, and the buckets of each add up.
void ScrapeAgainAndAgain(const Registry& registry, const std::atomic<bool>& stop) {
  std::uint64_t last = 0;
  while (!stop) {
    for (const prometheus::MetricFamily& family : registry.Collect()) {
      if (family.name != "size_bytes") continue;
      const auto& histogram = family.metric.front().histogram;
      EXPECT_GE(histogram.sample_count, last);
      EXPECT_EQ(histogram.bucket.back().cumulative_count, histogram.sample_count);
      last = histogram.sample_count;
    }
  }
}

TEST(Shard, S17_LosesNothingWhileSeriesComeAndGoAndScrapesRun) {
  Registry registry({.workers = kWorkers});
  const Series series = MakeSeries(registry);
  std::atomic<bool> stop = false;
  std::thread control([&registry, &stop] { ComeAndGo(registry, stop); });
  std::thread scraper([&registry, &stop] { ScrapeAgainAndAgain(registry, stop); });
  std::vector<std::thread> writers;
  for (std::uint32_t i = 0; i < kWorkers; ++i)
    writers.emplace_back([&registry, &series, i] { WriteRounds(registry.worker(i), series); });
  for (int i = 0; i < 2; ++i)
    writers.emplace_back([&registry, &series] { WriteRounds(registry.shared(), series); });
  for (std::thread& writer : writers) writer.join();
  stop = true;
  control.join();
  scraper.join();

  const std::uint64_t threads = kWorkers + 2;
  EXPECT_EQ(Sample(registry, "active"), "0");
  EXPECT_EQ(Sample(registry, "calls_total"), std::to_string(3 * kRounds * threads));
  EXPECT_EQ(Sample(registry, "size_bytes_bucket{le=\"9.0\"}"),
            std::to_string(kRounds / 100 * threads));
  EXPECT_EQ(Sample(registry, "size_bytes_bucket{le=\"99.0\"}"),
            std::to_string(kRounds / 10 * threads));
  EXPECT_EQ(Sample(registry, "size_bytes_count"), std::to_string(kRounds * threads));
  EXPECT_EQ(Sample(registry, "size_bytes_sum"),
            std::to_string(kRounds / 1000 * (999 * 1000 / 2) * threads));
}

TEST(Shard, FindsTheBucketByItsUpperBound) {
  const std::vector<std::uint64_t> bounds = {10, 20};
  EXPECT_EQ(BucketIndex(bounds, std::uint64_t{0}), 0u);
  EXPECT_EQ(BucketIndex(bounds, std::uint64_t{10}), 0u);
  EXPECT_EQ(BucketIndex(bounds, std::uint64_t{11}), 1u);
  EXPECT_EQ(BucketIndex(bounds, std::uint64_t{20}), 1u);
  EXPECT_EQ(BucketIndex(bounds, std::uint64_t{21}), 2u);
}

}  // namespace
}  // namespace meshhost
