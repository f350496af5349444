// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/telemetry/scrape.h"

namespace meshhost {
namespace {

using testing::HasSubstr;

FamilySpec Requests() {
  return {.name = "requests_total", .help = "Requests.", .labels = {"route"}};
}

FamilySpec Latency() {
  return {.name = "latency_seconds",
          .help = "Latency.",
          .kind = MetricKind::kHistogram,
          .histogram = {{1'000'000, 10'000'000}, 1e9}};
}

TEST(Registry, AddsUpWhatAllThreadsCounted) {
  Registry registry({.workers = 2});
  const FamilyId family = registry.Define(Requests()).value();
  const CounterId id = registry.Counter(family, {"/a"}).value();
  registry.worker(0).Add(id, 1);
  registry.worker(1).Add(id, 20);
  registry.shared().Add(id, 300);
  EXPECT_EQ(Sample(registry, "requests_total{route=\"/a\"}"), "321");
}

TEST(Registry, GivesTheSameSeriesForTheSameLabels) {
  Registry registry({});
  const FamilyId family = registry.Define(Requests()).value();
  const CounterId first = registry.Counter(family, {"/a"}).value();
  EXPECT_EQ(registry.Counter(family, {"/a"}).value().slot, first.slot);
  EXPECT_NE(registry.Counter(family, {"/b"}).value().slot, first.slot);
}

TEST(Registry, SumsLevelsThatWentUpOnOneThreadAndDownOnAnother) {
  Registry registry({.workers = 2});
  const FamilyId family =
      registry.Define({.name = "open", .help = "Open.", .kind = MetricKind::kLevel}).value();
  const LevelId id = registry.Level(family, {}).value();
  registry.worker(0).Add(id, 5);
  registry.worker(1).Add(id, -7);
  EXPECT_EQ(Sample(registry, "open"), "-2");
}

TEST(Registry, CountsAValueOnABoundInTheBucketOfThatBound) {
  Registry registry({.workers = 2});
  const HistogramId id = registry.Histogram(registry.Define(Latency()).value(), {}).value();
  registry.worker(0).Observe(id, 1'000'000);
  registry.worker(1).Observe(id, 1'000'001);
  registry.shared().Observe(id, 2'000'000'000);
  EXPECT_EQ(Sample(registry, "latency_seconds_bucket{le=\"0.001\"}"), "1");
  EXPECT_EQ(Sample(registry, "latency_seconds_bucket{le=\"0.01\"}"), "2");
  EXPECT_EQ(Sample(registry, "latency_seconds_bucket{le=\"+Inf\"}"), "3");
  EXPECT_EQ(Sample(registry, "latency_seconds_count"), "3");
  EXPECT_EQ(Sample(registry, "latency_seconds_sum"), "2.002000001");
}

TEST(Registry, KeepsTheRealNumbersOfModules) {
  Registry registry({.workers = 1});
  const FamilyId sums =
      registry.Define({.name = "cost_total", .help = "Cost.", .kind = MetricKind::kRealCounter})
          .value();
  const FamilyId levels =
      registry.Define({.name = "heat", .help = "Heat.", .kind = MetricKind::kGauge}).value();
  const FamilyId ratios = registry
                              .Define({.name = "ratio",
                                       .help = "Ratio.",
                                       .kind = MetricKind::kRealHistogram,
                                       .real_histogram = {{-0.5, 0.5}}})
                              .value();
  const RealCounterId cost = registry.RealCounter(sums, {}).value();
  registry.worker(0).Add(cost, 0.25);
  registry.shared().Add(cost, 0.5);
  const GaugeId heat = registry.Gauge(levels, {}).value();
  registry.shared().Set(heat, 36.5);
  registry.shared().Add(heat, -0.25);
  const RealHistogramId ratio = registry.RealHistogram(ratios, {}).value();
  registry.worker(0).Observe(ratio, -1.5);
  registry.shared().Observe(ratio, 0.25);
  EXPECT_EQ(Sample(registry, "cost_total"), "0.75");
  EXPECT_EQ(Sample(registry, "heat"), "36.25");
  EXPECT_EQ(Sample(registry, "ratio_bucket{le=\"-0.5\"}"), "1");
  EXPECT_EQ(Sample(registry, "ratio_bucket{le=\"0.5\"}"), "2");
  EXPECT_EQ(Sample(registry, "ratio_sum"), "-1.25");
}

TEST(Registry, WritingThroughAnEmptyHandleHarmsNothing) {
  Registry registry({.workers = 1});
  registry.worker(0).Add(CounterId{});
  registry.worker(0).Observe(HistogramId{}, 7);
  registry.shared().Observe(RealHistogramId{}, 7);
  const CounterId id = registry.Counter(registry.Define(Requests()).value(), {"/a"}).value();
  registry.worker(0).Add(id);
  EXPECT_EQ(Sample(registry, "requests_total{route=\"/a\"}"), "1");
}

TEST(Registry, FindsAFamilyAgainOnlyInTheSameShape) {
  Registry registry({});
  ASSERT_TRUE(registry.Define(Requests()).ok());
  EXPECT_TRUE(registry.Define(Requests()).ok());
  FamilySpec other = Requests();
  other.labels = {"path"};
  const absl::Status status = registry.Define(other).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"requests_total\""));
}

TEST(Registry, KeepsTheNamesOfTheHostFromModules) {
  Registry registry({});
  ASSERT_TRUE(registry.Define(Requests()).ok());
  EXPECT_EQ(registry.Define(Requests(), registry.NewOwner()).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST(Registry, RefusesWhatNoScraperWouldTake) {
  Registry registry({});
  const auto refused = [&registry](const FamilySpec& spec) {
    return registry.Define(spec).status().code() == absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused({.name = "bad-name_total", .help = "x"}));
  EXPECT_TRUE(refused({.name = "requests_total", .help = ""}));
  EXPECT_TRUE(refused({.name = "requests", .help = "A counter without _total."}));
  EXPECT_TRUE(refused({.name = "a_total", .help = "A gauge.", .kind = MetricKind::kGauge}));
  EXPECT_TRUE(refused({.name = "a_count", .help = "A gauge.", .kind = MetricKind::kGauge}));
  EXPECT_TRUE(refused({.name = "a_total", .help = "x", .labels = {"le"}}));
  EXPECT_TRUE(refused({.name = "a_total", .help = "x", .labels = {"a", "a"}}));
  EXPECT_TRUE(refused({.name = "a_total", .help = "x", .labels = {"__name__"}}));
  EXPECT_TRUE(refused(
      {.name = "a", .help = "x", .kind = MetricKind::kHistogram, .histogram = {{2, 1}, 1}}));
}

TEST(Registry, RefusesASeriesOfTheWrongTypeOrWithWrongLabels) {
  Registry registry({});
  const FamilyId family = registry.Define(Requests()).value();
  EXPECT_FALSE(registry.Gauge(family, {"/a"}).ok());
  EXPECT_FALSE(registry.Counter(family, {}).ok());
  EXPECT_FALSE(registry.Counter(FamilyId{}, {"/a"}).ok());
}

// The cap holds however many values come, and nothing is lost: the excess is in one series.
TEST(Registry, S17_GathersSeriesBeyondTheCapInOne) {
  Registry registry({.workers = 1, .max_series_per_family = 3});
  const FamilyId family = registry.Define(Requests()).value();
  for (int i = 0; i < 100; ++i) {
    const std::string route = "/" + std::to_string(i);
    registry.worker(0).Add(registry.Counter(family, {route}).value());
  }
  EXPECT_EQ(Sample(registry, "requests_total{route=\"/2\"}"), "1");
  EXPECT_EQ(Sample(registry, "requests_total{route=\"/3\"}"), std::nullopt);
  EXPECT_EQ(Sample(registry, "requests_total{route=\"__other__\"}"), "97");
  EXPECT_EQ(Sample(registry, "meshhost_metrics_overflow_total"), "97");
}

TEST(Registry, ChargesEachModuleForItsOwnExcess) {
  Registry registry({.workers = 1, .max_series_per_family = 1});
  const FamilyId family =
      registry.Define({.name = "a_total", .help = "x", .labels = {"k", "module"}}).value();
  ASSERT_TRUE(registry.Counter(family, {"1", "one"}).ok());
  registry.worker(0).Add(registry.Counter(family, {"2", "one"}).value());
  registry.worker(0).Add(registry.Counter(family, {"2", "two"}).value());
  EXPECT_EQ(Sample(registry, "a_total{k=\"__other__\",module=\"one\"}"), "1");
  EXPECT_EQ(Sample(registry, "a_total{k=\"__other__\",module=\"two\"}"), "1");
}

// A module is upgraded: the new generation has the same series before the old one is gone.
TEST(Registry, ContinuesASeriesThatTheNextGenerationDefinesToo) {
  Registry registry({.workers = 1});
  const MetricOwner old_owner = registry.NewOwner();
  const CounterId old_id =
      registry.Counter(registry.Define(Requests(), old_owner).value(), {"/a"}, old_owner).value();
  registry.worker(0).Add(old_id, 5);
  const MetricOwner new_owner = registry.NewOwner();
  const CounterId new_id =
      registry.Counter(registry.Define(Requests(), new_owner).value(), {"/a"}, new_owner).value();
  registry.RemoveOwner(old_owner);
  registry.worker(0).Add(new_id, 2);
  EXPECT_EQ(Sample(registry, "requests_total{route=\"/a\"}"), "7");
}

TEST(Registry, EndsSeriesAndFamiliesWithTheirLastOwner) {
  Registry registry({.workers = 1});
  const MetricOwner owner = registry.NewOwner();
  const FamilyId family = registry.Define(Requests(), owner).value();
  registry.worker(0).Add(registry.Counter(family, {"/a"}, owner).value(), 5);
  registry.RemoveOwner(owner);
  EXPECT_THAT(Expose(registry, ExpositionFormat::kText), Not(HasSubstr("requests_total")));
  FamilySpec another_shape = Requests();
  another_shape.labels = {"path"};
  EXPECT_TRUE(registry.Define(another_shape, registry.NewOwner()).ok());
}

// Slots of ended series are used again, and start from zero.
TEST(Registry, S17_DoesNotGrowWhenModulesComeAndGo) {
  Registry registry({.workers = 1});
  std::uint32_t first_slot = 0;
  for (int generation = 0; generation < 50; ++generation) {
    const MetricOwner owner = registry.NewOwner();
    const FamilyId family = registry.Define(Latency(), owner).value();
    const HistogramId id = registry.Histogram(family, {}, owner).value();
    if (generation == 0) first_slot = id.slot;
    EXPECT_EQ(id.slot, first_slot);
    registry.worker(0).Observe(id, 5);
    EXPECT_EQ(Sample(registry, "latency_seconds_count"), "1");
    registry.RemoveOwner(owner);
  }
}

TEST(Registry, CountsAgainUpToTheCapAfterRemoval) {
  Registry registry({.workers = 1, .max_series_per_family = 1});
  const FamilyId family = registry.Define(Requests()).value();
  const MetricOwner owner = registry.NewOwner();
  ASSERT_TRUE(registry.Counter(family, {"/a"}, owner).ok());
  ASSERT_TRUE(registry.Counter(family, {"/b"}, owner).ok());  // overflow
  registry.RemoveOwner(owner);
  registry.worker(0).Add(registry.Counter(family, {"/c"}).value());
  EXPECT_EQ(Sample(registry, "requests_total{route=\"/c\"}"), "1");
}

TEST(Registry, ReadsCallbacksOfTheNewestOwner) {
  Registry registry({});
  const FamilySpec spec = {.name = "level", .help = "x", .kind = MetricKind::kCallbackGauge};
  const MetricOwner old_owner = registry.NewOwner();
  const MetricOwner new_owner = registry.NewOwner();
  ASSERT_TRUE(registry
                  .Callback(
                      registry.Define(spec, old_owner).value(), {}, [] { return 1.0; }, old_owner)
                  .ok());
  ASSERT_TRUE(registry
                  .Callback(
                      registry.Define(spec, new_owner).value(), {}, [] { return 2.0; }, new_owner)
                  .ok());
  EXPECT_EQ(Sample(registry, "level"), "2");
  registry.RemoveOwner(new_owner);
  EXPECT_EQ(Sample(registry, "level"), "1");
}

TEST(Registry, HoldsSeriesBeyondOneChunk) {
  Registry registry({.workers = 2, .max_series_per_family = 5000});
  const FamilyId family = registry.Define(Requests()).value();
  for (int i = 0; i < 5000; ++i) {
    const std::string route = std::to_string(i);
    registry.worker(1).Add(registry.Counter(family, {route}).value(), 1 + i);
  }
  for (int i : {0, 1021, 1022, 1023, 1024, 4999})
    EXPECT_EQ(Sample(registry, "requests_total{route=\"" + std::to_string(i) + "\"}"),
              std::to_string(1 + i));
}

}  // namespace
}  // namespace meshhost
