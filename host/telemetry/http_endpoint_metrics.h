// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "host/telemetry/endpoint_labels.h"
#include "host/telemetry/endpoint_metrics.h"
#include "host/telemetry/lazy_series.h"
#include "host/telemetry/refusal_counters.h"

namespace meshhost {

// How many different statuses have a series of their own; see http_endpoint_metrics.cc.
inline constexpr std::size_t kStatusLabels = 63;

// EndpointMetrics of a REST route, as described there.
class HttpEndpointMetrics final : public EndpointMetrics {
 public:
  static absl::StatusOr<std::unique_ptr<EndpointMetrics>> Make(Registry& registry,
                                                               const EndpointFamilies& families,
                                                               const Endpoint& endpoint,
                                                               MetricOwner owner);
  ~HttpEndpointMetrics() override;

  void Started(Shard& shard) override { shard.Add(active_, 1); }
  void Finished(Shard& shard, const CallFacts& facts) override;

 private:
  // The durations of one HTTP version and scheme by status. Most routes see one or two of the six
  // combinations, so each is made when it is met.
  using Row = LazySeries<kStatusLabels>;
  static constexpr std::size_t kRows = 6;

  HttpEndpointMetrics(Registry& registry, const EndpointFamilies& families,
                      const EndpointLabels& labels);
  absl::Status Resolve();
  HistogramId Duration(const CallFacts& facts);
  Row& RowFor(std::size_t index);

  Registry& registry_;
  const EndpointFamilies families_;
  const EndpointLabels labels_;
  const HistogramLayout& duration_layout_;
  LevelId active_;
  HistogramId request_size_;
  HistogramId response_size_;
  std::array<std::atomic<Row*>, kRows> rows_{};
  RefusalCounters refusals_;
};

}  // namespace meshhost
