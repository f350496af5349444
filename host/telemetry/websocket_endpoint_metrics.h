// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/telemetry/endpoint_labels.h"
#include "host/telemetry/endpoint_metrics.h"
#include "host/telemetry/lazy_series.h"
#include "host/telemetry/refusal_counters.h"

namespace meshhost {

// EndpointMetrics of a WebSocket route, as described there. A handshake that was refused is a
// session whose status is the HTTP status of the refusal.
class WebSocketEndpointMetrics final : public EndpointMetrics {
 public:
  static absl::StatusOr<std::unique_ptr<EndpointMetrics>> Make(Registry& registry,
                                                               const EndpointFamilies& families,
                                                               const Endpoint& endpoint,
                                                               MetricOwner owner);

  void Started(Shard& shard) override { shard.Add(active_, 1); }
  void Finished(Shard& shard, const CallFacts& facts) override;

 private:
  // Close codes 1000 to 1014, application codes (3000 to 4999) as one, HTTP statuses 400 to 599,
  // everything else as one.
  static constexpr std::size_t kStatuses = 15 + 1 + 200 + 1;

  WebSocketEndpointMetrics(Registry& registry, const EndpointFamilies& families,
                           const EndpointLabels& labels);
  absl::Status Resolve();
  HistogramId Duration(int status);

  Registry& registry_;
  const EndpointFamilies families_;
  const EndpointLabels labels_;
  const HistogramLayout& duration_layout_;
  LevelId active_;
  CounterId request_messages_;
  CounterId response_messages_;
  LazySeries<kStatuses> durations_;
  RefusalCounters refusals_;
};

}  // namespace meshhost
