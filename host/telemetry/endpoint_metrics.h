// SPDX-License-Identifier: Apache-2.0
//
// The RED metrics (rate, errors, duration) of endpoints. Label values come from the Endpoint and
// from finite sets (codes, versions), never from what a peer sent, so a peer cannot grow the
// registry.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "host/call/endpoint.h"
#include "host/call/outcome.h"
#include "host/call/request.h"
#include "host/telemetry/endpoint_families.h"
#include "host/telemetry/shard.h"

namespace meshhost {

class Registry;

// What is known of a call when it is over.
struct CallFacts {
  HttpVersion version = HttpVersion::kHttp1_1;
  bool tls = false;
  std::uint64_t duration_ns = 0;
  const Final& final;
};

// The metrics of one endpoint of one generation. Owned by its metrics filter; the functions are
// called on workers, each with the shard of its own.
class EndpointMetrics {
 public:
  virtual ~EndpointMetrics() = default;
  virtual void Started(Shard& shard) = 0;
  virtual void Finished(Shard& shard, const CallFacts& facts) = 0;

  // Series live until `owner` is removed from the registry.
  static absl::StatusOr<std::unique_ptr<EndpointMetrics>> Make(Registry& registry,
                                                               const EndpointFamilies& families,
                                                               const Endpoint& endpoint,
                                                               MetricOwner owner);
};

}  // namespace meshhost
