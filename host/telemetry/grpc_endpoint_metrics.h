// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/telemetry/endpoint_labels.h"
#include "host/telemetry/endpoint_metrics.h"
#include "host/telemetry/lazy_series.h"
#include "host/telemetry/refusal_counters.h"

namespace meshhost {

// EndpointMetrics of a gRPC method, as described there. The series of status OK exists from the
// start, so that the first calls are not lost to rate().
class GrpcEndpointMetrics final : public EndpointMetrics {
 public:
  static absl::StatusOr<std::unique_ptr<EndpointMetrics>> Make(Registry& registry,
                                                               const EndpointFamilies& families,
                                                               const Endpoint& endpoint,
                                                               MetricOwner owner);

  void Started(Shard& shard) override { shard.Add(active_, 1); }
  void Finished(Shard& shard, const CallFacts& facts) override;

 private:
  GrpcEndpointMetrics(Registry& registry, const EndpointFamilies& families,
                      const EndpointLabels& labels);
  absl::Status Resolve();
  HistogramId Duration(Code code);

  Registry& registry_;
  const EndpointFamilies families_;
  const EndpointLabels labels_;
  LevelId active_;
  CounterId request_messages_;
  CounterId response_messages_;
  CounterId request_bytes_;
  CounterId response_bytes_;
  HistogramId ok_;
  LazySeries<kCodeCount> others_;
  RefusalCounters refusals_;
};

}  // namespace meshhost
