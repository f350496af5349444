// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/listener_metrics.h"

#include "host/base/status_macros.h"
#include "host/telemetry/buckets.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

constexpr std::array<std::string_view, 3> kKindLabels = {"grpc", "http", "websocket"};
constexpr std::array<std::string_view, 3> kResultLabels = {"ok", "client_error", "server_error"};

// The codes that OpenTelemetry counts as errors of the server.
bool IsServerFault(Code code) {
  switch (code) {
    case Code::kUnknown:
    case Code::kDeadlineExceeded:
    case Code::kUnimplemented:
    case Code::kInternal:
    case Code::kUnavailable:
    case Code::kDataLoss:
      return true;
    default:
      return false;
  }
}

// Close codes by which the server says that it failed (RFC 6455 section 7.4.1, and 1012 to 1014).
bool IsServerFaultClose(int status) { return status == 1011 || (status >= 1012 && status <= 1014); }

}  // namespace

absl::StatusOr<ListenerMetrics> ListenerMetrics::Make(Registry& registry,
                                                      const std::vector<std::string>& listeners) {
  ASSIGN_OR_RETURN(
      FamilyId family,
      registry.Define({.name = "meshhost_listener_call_duration_seconds",
                       .help = "Time from the end of the request head to the end of the call.",
                       .kind = MetricKind::kHistogram,
                       .labels = {"listener", "protocol", "result"},
                       .histogram = {RequestDurationBuckets(), 1e9}}));
  ListenerMetrics metrics(registry, family);
  for (const std::string& name : listeners) RETURN_IF_ERROR(metrics.Add(name));
  return metrics;
}

absl::Status ListenerMetrics::Add(const std::string& name) {
  const std::size_t count = listeners_->count.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    if (listeners_->all[i].name == name) return absl::OkStatus();
  }
  if (count == kMaxListeners) {
    return absl::ResourceExhaustedError("too many listener names since the start of the host");
  }
  PerListener& listener = listeners_->all[count];
  listener.name = name;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (std::size_t result = 0; result < kResults; ++result) {
      ASSIGN_OR_RETURN(
          listener.durations[kind][result],
          registry_->Histogram(family_, {name, kKindLabels[kind], kResultLabels[result]}));
    }
  }
  listeners_->count.store(count + 1, std::memory_order_release);
  return absl::OkStatus();
}

ListenerMetrics::Result ListenerMetrics::ResultOf(Kind kind, const Final& final) {
  if (kind == Kind::kGrpc) {
    if (final.code == Code::kOk) return Result::kOk;
    return IsServerFault(final.code) ? Result::kServerError : Result::kClientError;
  }
  const int status = final.http_status;
  if (status >= 1000) {
    if (IsServerFaultClose(status)) return Result::kServerError;
    return status <= 1001 || status >= 3000 ? Result::kOk : Result::kClientError;
  }
  if (status >= 500) return Result::kServerError;
  return status >= 400 || status == 0 ? Result::kClientError : Result::kOk;
}

void ListenerMetrics::Finished(Shard& shard, std::string_view listener, Kind kind,
                               const Final& final, std::uint64_t duration_ns) const {
  // Linear: hosts have a handful of listeners.
  const std::size_t count = listeners_->count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    const PerListener& entry = listeners_->all[i];
    if (entry.name != listener) continue;
    const auto result = static_cast<std::size_t>(ResultOf(kind, final));
    shard.Observe(entry.durations[static_cast<std::size_t>(kind)][result], duration_ns);
    return;
  }
}

}  // namespace meshhost
