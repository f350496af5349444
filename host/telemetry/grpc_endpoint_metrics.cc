// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/grpc_endpoint_metrics.h"

#include <utility>

#include "host/base/status_macros.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

constexpr std::string_view kSystem = "grpc";

}  // namespace

GrpcEndpointMetrics::GrpcEndpointMetrics(Registry& registry, const EndpointFamilies& families,
                                         const EndpointLabels& labels)
    : registry_(registry),
      families_(families),
      labels_(labels),
      refusals_(registry, families.refusals, "grpc", labels_.module, labels.owner) {}

absl::StatusOr<std::unique_ptr<EndpointMetrics>> GrpcEndpointMetrics::Make(
    Registry& registry, const EndpointFamilies& families, const Endpoint& endpoint,
    MetricOwner owner) {
  std::unique_ptr<GrpcEndpointMetrics> metrics(
      new GrpcEndpointMetrics(registry, families, EndpointLabels(endpoint, owner)));
  RETURN_IF_ERROR(metrics->Resolve());
  return std::unique_ptr<EndpointMetrics>(std::move(metrics));
}

absl::Status GrpcEndpointMetrics::Resolve() {
  const LabelValues method = {kSystem, labels_.name, labels_.module};
  const MetricOwner owner = labels_.owner;
  ASSIGN_OR_RETURN(active_, registry_.Level(families_.rpc_active, method, owner));
  ASSIGN_OR_RETURN(request_messages_,
                   registry_.Counter(families_.rpc_request_messages, method, owner));
  ASSIGN_OR_RETURN(response_messages_,
                   registry_.Counter(families_.rpc_response_messages, method, owner));
  ASSIGN_OR_RETURN(request_bytes_, registry_.Counter(families_.rpc_request_bytes, method, owner));
  ASSIGN_OR_RETURN(response_bytes_, registry_.Counter(families_.rpc_response_bytes, method, owner));
  ASSIGN_OR_RETURN(ok_, registry_.Histogram(
                            families_.rpc_duration,
                            {kSystem, labels_.name, CodeName(Code::kOk), labels_.module}, owner));
  return absl::OkStatus();
}

HistogramId GrpcEndpointMetrics::Duration(Code code) {
  if (code == Code::kOk) [[likely]]
    return ok_;
  const auto make = [this](std::size_t index) {
    const LabelValues values = {kSystem, labels_.name, CodeName(static_cast<Code>(index)),
                                labels_.module};
    return registry_.Histogram(families_.rpc_duration, values, labels_.owner)
        .value_or(HistogramId{})
        .slot;
  };
  const std::uint32_t slot = others_.Slot(static_cast<std::size_t>(code), make);
  return slot == kDiscardSlot ? HistogramId{} : HistogramId{slot, ok_.layout};
}

void GrpcEndpointMetrics::Finished(Shard& shard, const CallFacts& facts) {
  const Final& final = facts.final;
  shard.Add(active_, -1);
  shard.Observe(Duration(final.code), facts.duration_ns);
  shard.Add(request_messages_, final.request_messages);
  shard.Add(response_messages_, final.response_messages);
  shard.Add(request_bytes_, final.request_bytes);
  shard.Add(response_bytes_, final.response_bytes);
  refusals_.Add(shard, final.reason);
}

}  // namespace meshhost
