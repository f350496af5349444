// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/websocket_endpoint_metrics.h"

#include <string>
#include <utility>

#include "host/base/status_macros.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

constexpr int kFirstClose = 1000;
constexpr int kEndClose = 1015;
constexpr int kFirstHttp = 400;
constexpr int kEndHttp = 600;
constexpr std::size_t kApplicationIndex = kEndClose - kFirstClose;
constexpr std::size_t kHttpIndex = kApplicationIndex + 1;
constexpr std::size_t kOtherIndex = kHttpIndex + kEndHttp - kFirstHttp;

std::size_t StatusIndex(int status) {
  if (status >= kFirstClose && status < kEndClose)
    return static_cast<std::size_t>(status - kFirstClose);
  if (status >= 3000 && status < 5000) return kApplicationIndex;
  if (status >= kFirstHttp && status < kEndHttp)
    return kHttpIndex + static_cast<std::size_t>(status - kFirstHttp);
  return kOtherIndex;
}

std::string StatusLabel(std::size_t index) {
  if (index < kApplicationIndex) return std::to_string(kFirstClose + static_cast<int>(index));
  if (index == kApplicationIndex) return "application";
  if (index < kOtherIndex) return std::to_string(kFirstHttp + static_cast<int>(index - kHttpIndex));
  return std::string(kOtherLabel);
}

}  // namespace

WebSocketEndpointMetrics::WebSocketEndpointMetrics(Registry& registry,
                                                   const EndpointFamilies& families,
                                                   const EndpointLabels& labels)
    : registry_(registry),
      families_(families),
      labels_(labels),
      duration_layout_(registry.Layout(families.websocket_duration)),
      refusals_(registry, families.refusals, "websocket", labels_.module, labels.owner) {}

absl::StatusOr<std::unique_ptr<EndpointMetrics>> WebSocketEndpointMetrics::Make(
    Registry& registry, const EndpointFamilies& families, const Endpoint& endpoint,
    MetricOwner owner) {
  std::unique_ptr<WebSocketEndpointMetrics> metrics(
      new WebSocketEndpointMetrics(registry, families, EndpointLabels(endpoint, owner)));
  RETURN_IF_ERROR(metrics->Resolve());
  return std::unique_ptr<EndpointMetrics>(std::move(metrics));
}

absl::Status WebSocketEndpointMetrics::Resolve() {
  const LabelValues route = {labels_.name, labels_.module};
  const MetricOwner owner = labels_.owner;
  ASSIGN_OR_RETURN(active_, registry_.Level(families_.websocket_active, route, owner));
  ASSIGN_OR_RETURN(request_messages_,
                   registry_.Counter(families_.websocket_request_messages, route, owner));
  ASSIGN_OR_RETURN(response_messages_,
                   registry_.Counter(families_.websocket_response_messages, route, owner));
  return absl::OkStatus();
}

HistogramId WebSocketEndpointMetrics::Duration(int status) {
  const auto make = [this](std::size_t index) {
    const std::string label = StatusLabel(index);
    const LabelValues values = {labels_.name, label, labels_.module};
    return registry_.Histogram(families_.websocket_duration, values, labels_.owner)
        .value_or(HistogramId{})
        .slot;
  };
  const std::uint32_t slot = durations_.Slot(StatusIndex(status), make);
  return slot == kDiscardSlot ? HistogramId{} : HistogramId{slot, &duration_layout_};
}

void WebSocketEndpointMetrics::Finished(Shard& shard, const CallFacts& facts) {
  const Final& final = facts.final;
  shard.Add(active_, -1);
  shard.Observe(Duration(final.http_status), facts.duration_ns);
  shard.Add(request_messages_, final.request_messages);
  shard.Add(response_messages_, final.response_messages);
  refusals_.Add(shard, final.reason);
}

}  // namespace meshhost
