// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/endpoint_metrics.h"

#include "host/telemetry/grpc_endpoint_metrics.h"
#include "host/telemetry/http_endpoint_metrics.h"
#include "host/telemetry/websocket_endpoint_metrics.h"

namespace meshhost {

absl::StatusOr<std::unique_ptr<EndpointMetrics>> EndpointMetrics::Make(
    Registry& registry, const EndpointFamilies& families, const Endpoint& endpoint,
    MetricOwner owner) {
  switch (endpoint.kind) {
    case Kind::kGrpc:
      return GrpcEndpointMetrics::Make(registry, families, endpoint, owner);
    case Kind::kWebSocket:
      return WebSocketEndpointMetrics::Make(registry, families, endpoint, owner);
    case Kind::kHttp:
      break;
  }
  return HttpEndpointMetrics::Make(registry, families, endpoint, owner);
}

}  // namespace meshhost
