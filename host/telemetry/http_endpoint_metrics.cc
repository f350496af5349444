// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/http_endpoint_metrics.h"

#include <algorithm>
#include <string>
#include <utility>

#include "host/base/status_macros.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

// The registered statuses (IANA) and 499; index 0 stands for all others.
constexpr std::array<std::uint16_t, kStatusLabels> kStatuses = {
    0,   100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300,
    301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408,
    409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 425, 426, 428,
    429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511};

constexpr std::uint16_t kFirstStatus = 100;
constexpr std::uint16_t kEndStatus = 600;

constexpr std::array<std::uint8_t, kEndStatus - kFirstStatus> MakeStatusIndex() {
  std::array<std::uint8_t, kEndStatus - kFirstStatus> table{};
  for (std::size_t i = 1; i < kStatuses.size(); ++i)
    table[static_cast<std::size_t>(kStatuses[i] - kFirstStatus)] = static_cast<std::uint8_t>(i);
  return table;
}

constexpr auto kStatusIndex = MakeStatusIndex();

std::size_t StatusIndex(int status) {
  if (status < kFirstStatus || status >= kEndStatus) return 0;
  return kStatusIndex[static_cast<std::size_t>(status - kFirstStatus)];
}

std::string StatusLabel(std::size_t index) {
  return index == 0 ? std::string(kOtherLabel) : std::to_string(kStatuses[index]);
}

std::size_t RowIndex(HttpVersion version, bool tls) {
  return static_cast<std::size_t>(version) * 2 + (tls ? 1 : 0);
}

std::string_view VersionLabel(std::size_t row) {
  constexpr std::array<std::string_view, 3> kVersions = {"1.0", "1.1", "2"};
  return kVersions[row / 2];
}

std::string_view SchemeLabel(std::size_t row) { return row % 2 == 0 ? "http" : "https"; }

}  // namespace

HttpEndpointMetrics::HttpEndpointMetrics(Registry& registry, const EndpointFamilies& families,
                                         const EndpointLabels& labels)
    : registry_(registry),
      families_(families),
      labels_(labels),
      duration_layout_(registry.Layout(families.http_duration)),
      refusals_(registry, families.refusals, "http", labels_.module, labels.owner) {}

HttpEndpointMetrics::~HttpEndpointMetrics() {
  for (auto& row : rows_) delete row.load(std::memory_order_relaxed);
}

absl::StatusOr<std::unique_ptr<EndpointMetrics>> HttpEndpointMetrics::Make(
    Registry& registry, const EndpointFamilies& families, const Endpoint& endpoint,
    MetricOwner owner) {
  std::unique_ptr<HttpEndpointMetrics> metrics(
      new HttpEndpointMetrics(registry, families, EndpointLabels(endpoint, owner)));
  RETURN_IF_ERROR(metrics->Resolve());
  return std::unique_ptr<EndpointMetrics>(std::move(metrics));
}

absl::Status HttpEndpointMetrics::Resolve() {
  const LabelValues route = {labels_.verb, labels_.name, labels_.module};
  const MetricOwner owner = labels_.owner;
  ASSIGN_OR_RETURN(active_, registry_.Level(families_.http_active, route, owner));
  ASSIGN_OR_RETURN(request_size_, registry_.Histogram(families_.http_request_size, route, owner));
  ASSIGN_OR_RETURN(response_size_, registry_.Histogram(families_.http_response_size, route, owner));
  return absl::OkStatus();
}

HttpEndpointMetrics::Row& HttpEndpointMetrics::RowFor(std::size_t index) {
  Row* row = rows_[index].load(std::memory_order_acquire);
  if (row != nullptr) [[likely]]
    return *row;
  auto made = std::make_unique<Row>();
  if (rows_[index].compare_exchange_strong(row, made.get(), std::memory_order_acq_rel))
    return *made.release();
  return *row;  // another worker was first
}

HistogramId HttpEndpointMetrics::Duration(const CallFacts& facts) {
  const std::size_t row = RowIndex(facts.version, facts.tls);
  const auto make = [this, row](std::size_t index) {
    const std::string status = StatusLabel(index);
    const LabelValues values = {labels_.verb,      labels_.name,     status,
                                VersionLabel(row), SchemeLabel(row), labels_.module};
    return registry_.Histogram(families_.http_duration, values, labels_.owner)
        .value_or(HistogramId{})
        .slot;
  };
  const std::uint32_t slot = RowFor(row).Slot(StatusIndex(facts.final.http_status), make);
  if (slot == kDiscardSlot) return HistogramId{};
  return HistogramId{slot, &duration_layout_};
}

void HttpEndpointMetrics::Finished(Shard& shard, const CallFacts& facts) {
  const Final& final = facts.final;
  shard.Add(active_, -1);
  shard.Observe(Duration(facts), facts.duration_ns);
  shard.Observe(request_size_, final.request_bytes);
  shard.Observe(response_size_, final.response_bytes);
  refusals_.Add(shard, final.reason);
}

}  // namespace meshhost
