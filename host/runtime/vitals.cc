// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/vitals.h"

#include <prometheus/metric_family.h>

#include <cmath>
#include <limits>

#include "host/base/concat.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

constexpr const char* kFamily = "meshhost_listener_call_duration_seconds";
constexpr uint64_t kFewCalls = 20;
// Worse is more than noise: twice as bad, and by this much.
constexpr double kErrorRatioMargin = 0.01;
constexpr double kP99MarginSeconds = 0.005;

std::string Percent(double ratio) {
  const auto tenths = static_cast<int64_t>(std::llround(ratio * 1000));
  return Concat({std::to_string(tenths / 10), ".", std::to_string(tenths % 10), " %"});
}

std::string Milliseconds(double seconds) {
  if (std::isinf(seconds)) return "more than any bucket";
  return Concat({std::to_string(std::llround(seconds * 1000)), " ms"});
}

bool IsServerError(const prometheus::ClientMetric& metric) {
  for (const auto& label : metric.label) {
    if (label.name == "result") return label.value == "server_error";
  }
  return false;
}

}  // namespace

Vitals Vitals::Read(const Registry& registry) {
  Vitals vitals;
  for (const prometheus::MetricFamily& family : registry.Collect()) {
    if (family.name != kFamily) continue;
    for (const prometheus::ClientMetric& metric : family.metric) {
      vitals.calls_ += metric.histogram.sample_count;
      if (IsServerError(metric)) vitals.errors_ += metric.histogram.sample_count;
      const auto& buckets = metric.histogram.bucket;
      if (vitals.buckets_.size() < buckets.size()) vitals.buckets_.resize(buckets.size());
      for (size_t i = 0; i < buckets.size(); ++i) {
        vitals.buckets_[i].upper_bound = buckets[i].upper_bound;
        vitals.buckets_[i].cumulative_count += buckets[i].cumulative_count;
      }
    }
  }
  return vitals;
}

Vitals::Rates Vitals::Since(const Vitals& earlier) const {
  Rates rates;
  rates.calls = calls_ - earlier.calls_;
  if (rates.calls == 0) return rates;
  rates.error_ratio =
      static_cast<double>(errors_ - earlier.errors_) / static_cast<double>(rates.calls);
  rates.p99_seconds = std::numeric_limits<double>::infinity();
  for (size_t i = buckets_.size(); i-- > 0;) {
    const uint64_t before = i < earlier.buckets_.size() ? earlier.buckets_[i].cumulative_count : 0;
    if ((buckets_[i].cumulative_count - before) * 100 < rates.calls * 99) break;
    rates.p99_seconds = buckets_[i].upper_bound;
  }
  return rates;
}

std::optional<std::string> Worse(const Vitals::Rates& before, const Vitals::Rates& now) {
  if (now.calls < kFewCalls) return std::nullopt;
  const double error_ratio = before.calls < kFewCalls ? 0 : before.error_ratio;
  if (now.error_ratio > 2 * error_ratio + kErrorRatioMargin) {
    return Concat({"server errors went from ", Percent(error_ratio), " to ",
                   Percent(now.error_ratio), " of the calls"});
  }
  if (before.calls < kFewCalls) return std::nullopt;
  if (now.p99_seconds > 2 * before.p99_seconds + kP99MarginSeconds) {
    return Concat({"p99 went from ", Milliseconds(before.p99_seconds), " to ",
                   Milliseconds(now.p99_seconds)});
  }
  return std::nullopt;
}

}  // namespace meshhost
