// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/exposition.h"

#include <gtest/gtest.h>

#include <limits>

#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

constexpr ExpositionFormat kText = ExpositionFormat::kText;
constexpr ExpositionFormat kOpen = ExpositionFormat::kOpenMetrics;

TEST(Exposition, NegotiatesTheFormatByTheAcceptField) {
  EXPECT_EQ(NegotiateFormat(""), kText);
  EXPECT_EQ(NegotiateFormat("*/*"), kText);
  EXPECT_EQ(NegotiateFormat("text/plain;version=0.0.4"), kText);
  EXPECT_EQ(NegotiateFormat("application/openmetrics-text"), kOpen);
  EXPECT_EQ(NegotiateFormat("application/openmetrics-text; version=1.0.0; charset=utf-8"), kOpen);
  EXPECT_EQ(NegotiateFormat("application/openmetrics-text;version=9.0.0"), kText);
  EXPECT_EQ(NegotiateFormat("application/openmetrics-text;q=0"), kText);
  EXPECT_EQ(NegotiateFormat("application/openmetrics-text;q=0.5,text/plain;q=0.9"), kText);
  // What Prometheus 2.42 sends.
  EXPECT_EQ(NegotiateFormat("application/openmetrics-text;version=1.0.0;q=0.75,"
                            "application/openmetrics-text;version=0.0.1;q=0.5,"
                            "text/plain;version=0.0.4;q=0.25,*/*;q=0.1"),
            kOpen);
  EXPECT_EQ(NegotiateFormat(";;,=,q=;q"), kText);
}

// One of each type, with text that needs escapes.
void Fill(Registry& registry) {
  const FamilyId counts =
      registry.Define({.name = "a_bytes_total", .help = "Bytes\\in \"all\".", .labels = {"k"}})
          .value();
  registry.worker(0).Add(registry.Counter(counts, {"x\"y\\z\nw"}).value(), 12);
  const FamilyId info = registry
                            .Define({.name = "b_info",
                                     .help = "Info.",
                                     .kind = MetricKind::kCallbackGauge,
                                     .labels = {"v"}})
                            .value();
  ASSERT_TRUE(registry.Callback(info, {"1.0"}, [] { return 1.0; }).ok());
  const FamilyId missing =
      registry.Define({.name = "c", .help = "NaN.", .kind = MetricKind::kCallbackGauge}).value();
  ASSERT_TRUE(
      registry.Callback(missing, {}, [] { return std::numeric_limits<double>::quiet_NaN(); }).ok());
  const FamilyId times = registry
                             .Define({.name = "d_seconds",
                                      .help = "Time.",
                                      .kind = MetricKind::kHistogram,
                                      .histogram = {{500'000, 1'000'000'000}, 1e9}})
                             .value();
  registry.worker(0).Observe(registry.Histogram(times, {}).value(), 600'000);
}

TEST(Exposition, WritesTheOpenMetricsFormat) {
  Registry registry({.workers = 1});
  Fill(registry);
  EXPECT_EQ(Expose(registry, kOpen), R"(# TYPE a_bytes counter
# UNIT a_bytes bytes
# HELP a_bytes Bytes\\in \"all\".
a_bytes_total{k="x\"y\\z\nw"} 12
# TYPE b info
# HELP b Info.
b_info{v="1.0"} 1
# TYPE c gauge
# HELP c NaN.
c NaN
# TYPE d_seconds histogram
# UNIT d_seconds seconds
# HELP d_seconds Time.
d_seconds_bucket{le="0.0005"} 0
d_seconds_bucket{le="1.0"} 1
d_seconds_bucket{le="+Inf"} 1
d_seconds_count 1
d_seconds_sum 0.0006
# TYPE meshhost_metrics_overflow counter
# HELP meshhost_metrics_overflow Requests for a new series that got the overflow series instead, since the family had reached its cap.
meshhost_metrics_overflow_total 0
# EOF
)");
}

TEST(Exposition, WritesTheTextFormat) {
  Registry registry({.workers = 1});
  Fill(registry);
  const std::string page = Expose(registry, kText);
  EXPECT_NE(page.find("# TYPE a_bytes_total counter\na_bytes_total{k=\"x\\\"y\\\\z\\nw\"} 12\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("# TYPE b_info gauge\n"), std::string::npos) << page;
  EXPECT_NE(page.find("d_seconds_bucket{le=\"+Inf\"} 1\n"), std::string::npos) << page;
  EXPECT_EQ(page.find("# EOF"), std::string::npos) << page;
}

TEST(Exposition, NamesTheMediaTypes) {
  EXPECT_EQ(ContentTypeOf(kText), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(ContentTypeOf(kOpen), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

}  // namespace
}  // namespace meshhost
