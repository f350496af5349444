// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/endpoint_families.h"

#include <string>
#include <utility>
#include <vector>

#include "host/base/status_macros.h"
#include "host/telemetry/buckets.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

FamilySpec Simple(std::string name, MetricKind kind, std::vector<std::string> labels,
                  std::string help) {
  return {
      .name = std::move(name), .help = std::move(help), .kind = kind, .labels = std::move(labels)};
}

FamilySpec Seconds(std::string name, std::vector<std::string> labels,
                   std::vector<std::uint64_t> buckets, std::string help) {
  return {.name = std::move(name),
          .help = std::move(help),
          .kind = MetricKind::kHistogram,
          .labels = std::move(labels),
          .histogram = {std::move(buckets), 1e9}};
}

FamilySpec Bytes(std::string name, std::vector<std::string> labels, std::string help) {
  return {.name = std::move(name),
          .help = std::move(help),
          .kind = MetricKind::kHistogram,
          .labels = std::move(labels),
          .histogram = {SizeBuckets(), 1}};
}

absl::Status DefineHttp(Registry& registry, EndpointFamilies& families) {
  const std::vector<std::string> route = {"http_request_method", "http_route", "module"};
  ASSIGN_OR_RETURN(families.http_duration,
                   registry.Define(Seconds(
                       "http_server_request_duration_seconds",
                       {"http_request_method", "http_route", "http_response_status_code",
                        "network_protocol_version", "url_scheme", "module"},
                       RequestDurationBuckets(),
                       "Time from the end of the request head to the end of the response.")));
  ASSIGN_OR_RETURN(families.http_active,
                   registry.Define(Simple("http_server_active_requests", MetricKind::kLevel, route,
                                          "HTTP requests being served now.")));
  ASSIGN_OR_RETURN(families.http_request_size,
                   registry.Define(Bytes("http_server_request_body_size_bytes", route,
                                         "Size of HTTP request bodies.")));
  ASSIGN_OR_RETURN(families.http_response_size,
                   registry.Define(Bytes("http_server_response_body_size_bytes", route,
                                         "Size of HTTP response bodies.")));
  return absl::OkStatus();
}

absl::Status DefineRpc(Registry& registry, EndpointFamilies& families) {
  const std::vector<std::string> method = {"rpc_system_name", "rpc_method", "module"};
  ASSIGN_OR_RETURN(
      families.rpc_duration,
      registry.Define(Seconds("rpc_server_call_duration_seconds",
                              {"rpc_system_name", "rpc_method", "rpc_status_code", "module"},
                              RequestDurationBuckets(),
                              "Time from the end of the request head to the end of the call.")));
  ASSIGN_OR_RETURN(families.rpc_active,
                   registry.Define(Simple("rpc_server_active_calls", MetricKind::kLevel, method,
                                          "gRPC calls being served now.")));
  ASSIGN_OR_RETURN(families.rpc_request_messages,
                   registry.Define(Simple("rpc_server_request_messages_total", MetricKind::kCounter,
                                          method, "gRPC messages received.")));
  ASSIGN_OR_RETURN(families.rpc_response_messages,
                   registry.Define(Simple("rpc_server_response_messages_total",
                                          MetricKind::kCounter, method, "gRPC messages sent.")));
  ASSIGN_OR_RETURN(families.rpc_request_bytes,
                   registry.Define(Simple("rpc_server_request_bytes_total", MetricKind::kCounter,
                                          method, "Payload of gRPC messages received, in bytes.")));
  ASSIGN_OR_RETURN(families.rpc_response_bytes,
                   registry.Define(Simple("rpc_server_response_bytes_total", MetricKind::kCounter,
                                          method, "Payload of gRPC messages sent, in bytes.")));
  return absl::OkStatus();
}

absl::Status DefineWebSocket(Registry& registry, EndpointFamilies& families) {
  const std::vector<std::string> route = {"http_route", "module"};
  ASSIGN_OR_RETURN(
      families.websocket_duration,
      registry.Define(Seconds(
          "websocket_server_session_duration_seconds", {"http_route", "websocket_status", "module"},
          SessionDurationBuckets(), "Time from the handshake to the end of the session.")));
  ASSIGN_OR_RETURN(families.websocket_active,
                   registry.Define(Simple("websocket_server_active_sessions", MetricKind::kLevel,
                                          route, "WebSocket sessions open now.")));
  ASSIGN_OR_RETURN(
      families.websocket_request_messages,
      registry.Define(Simple("websocket_server_request_messages_total", MetricKind::kCounter, route,
                             "WebSocket messages received.")));
  ASSIGN_OR_RETURN(
      families.websocket_response_messages,
      registry.Define(Simple("websocket_server_response_messages_total", MetricKind::kCounter,
                             route, "WebSocket messages sent.")));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EndpointFamilies> EndpointFamilies::Define(Registry& registry) {
  EndpointFamilies families;
  RETURN_IF_ERROR(DefineHttp(registry, families));
  RETURN_IF_ERROR(DefineRpc(registry, families));
  RETURN_IF_ERROR(DefineWebSocket(registry, families));
  ASSIGN_OR_RETURN(families.refusals,
                   registry.Define(Simple("meshhost_refusals_total", MetricKind::kCounter,
                                          {"protocol", "reason", "module"},
                                          "Calls that the host refused or ended by itself.")));
  ASSIGN_OR_RETURN(families.guard_refusals,
                   registry.Define(Simple("meshhost_guard_refusals_total", MetricKind::kCounter,
                                          {"guard", "mode", "reason", "module"},
                                          "Calls that a guard refused, or would have refused.")));
  return families;
}

}  // namespace meshhost
