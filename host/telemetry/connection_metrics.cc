// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/connection_metrics.h"

#include "host/base/status_macros.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

constexpr MetricKind kCounter = MetricKind::kCallbackCounter;
constexpr MetricKind kGauge = MetricKind::kCallbackGauge;

// Adds series of one worker.
class WorkerSeries {
 public:
  WorkerSeries(Registry& registry, std::uint32_t worker)
      : registry_(registry), worker_(std::to_string(worker)) {}

  absl::Status Add(const char* name, const char* help, MetricKind kind,
                   ConnectionReadings::Read read, double per_unit = 1) {
    ASSIGN_OR_RETURN(
        FamilyId family,
        registry_.Define({.name = name, .help = help, .kind = kind, .labels = {"worker"}}));
    return registry_.Callback(family, {worker_}, [read = std::move(read), per_unit] {
      return static_cast<double>(read()) / per_unit;
    });
  }

  absl::Status AddByReason(
      const char* name, const char* help,
      const std::vector<std::pair<std::string, ConnectionReadings::Read>>& reasons) {
    ASSIGN_OR_RETURN(
        FamilyId family,
        registry_.Define(
            {.name = name, .help = help, .kind = kCounter, .labels = {"worker", "reason"}}));
    for (const auto& [reason, read] : reasons)
      RETURN_IF_ERROR(registry_.Callback(family, {worker_, reason},
                                         [read = read] { return static_cast<double>(read()); }));
    return absl::OkStatus();
  }

 private:
  Registry& registry_;
  const std::string worker_;
};

}  // namespace

absl::Status AddConnectionMetrics(Registry& registry, std::uint32_t worker,
                                  const ConnectionReadings& readings) {
  WorkerSeries series(registry, worker);
  RETURN_IF_ERROR(series.Add("meshhost_connections_accepted_total", "Connections accepted.",
                             kCounter, readings.accepted));
  RETURN_IF_ERROR(
      series.Add("meshhost_connections_active", "Connections open now.", kGauge, readings.active));
  RETURN_IF_ERROR(series.AddByReason("meshhost_connections_refused_total",
                                     "Connections closed right after they were accepted, and "
                                     "accepts that failed.",
                                     readings.refused));
  RETURN_IF_ERROR(series.AddByReason("meshhost_connections_ended_total",
                                     "Connections that the host ended for their peer's conduct.",
                                     readings.ended));
  RETURN_IF_ERROR(series.Add("meshhost_http2_peer_resets_total",
                             "HTTP/2 streams that the peer reset before their answer.", kCounter,
                             readings.http2_peer_resets));
  RETURN_IF_ERROR(series.Add("meshhost_tls_handshakes_total", "TLS handshakes completed.", kCounter,
                             readings.handshakes));
  RETURN_IF_ERROR(series.Add("meshhost_tls_handshakes_resumed_total",
                             "TLS handshakes completed that resumed a session.", kCounter,
                             readings.handshakes_resumed));
  RETURN_IF_ERROR(series.AddByReason("meshhost_tls_handshake_failures_total",
                                     "TLS handshakes that failed.", readings.handshake_failures));
  RETURN_IF_ERROR(series.Add("meshhost_worker_turns_total", "Heartbeats of the event loop.",
                             kCounter, readings.turns));
  return series.Add("meshhost_worker_loop_lag_seconds",
                    "How late the last heartbeat of the event loop came.", kGauge,
                    readings.loop_lag_ns, 1e9);
}

}  // namespace meshhost
