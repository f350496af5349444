// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/host_metrics.h"

#include <string>

#include "host/base/status_macros.h"
#include "host/http/http1_server.h"
#include "host/http/http2_server.h"
#include "host/runtime/version.h"
#include "host/telemetry/connection_metrics.h"
#include "host/telemetry/host_info.h"
#include "host/telemetry/log_metrics.h"
#include "host/telemetry/process_metrics.h"

namespace meshhost {
namespace {

ConnectionReadings::Read Reading(const std::atomic<uint64_t>& value) {
  return [&value] { return value.load(std::memory_order_relaxed); };
}

}  // namespace

absl::Status AddHostMetrics(Registry& registry, const AsyncLog& log, const AccessLog* access_log) {
  RETURN_IF_ERROR(AddBuildInfo(registry, kVersion, kRevision));
  RETURN_IF_ERROR(AddProcessMetrics(registry));
  return AddLogMetrics(registry, log, access_log);
}

absl::Status AddWorkerMetrics(Registry& registry, uint32_t index, const ServingWorker& worker) {
  const ConnectionStats& stats = worker.worker().stats();
  const Http1Counters& http1 = worker.sessions().http1().counters();
  const Http2Counters& http2 = worker.sessions().http2().counters();
  ConnectionReadings readings;
  readings.accepted = Reading(stats.accepted);
  readings.active = Reading(stats.active);
  readings.refused.emplace_back("connection_limit", Reading(stats.shed_limit));
  readings.refused.emplace_back("out_of_resources", Reading(stats.shed_descriptors));
  readings.ended.emplace_back("timed_out", [&http1, &http2] {
    return http1.timed_out.load(std::memory_order_relaxed) +
           http2.timed_out.load(std::memory_order_relaxed);
  });
  readings.ended.emplace_back("abuse", Reading(http2.abused));
  readings.http2_peer_resets = Reading(http2.peer_resets);
  readings.handshakes = Reading(stats.handshakes);
  readings.handshakes_resumed = Reading(stats.handshakes_resumed);
  for (size_t i = 0; i < stats.handshake_failures.size(); ++i) {
    readings.handshake_failures.emplace_back(HandshakeFailureName(static_cast<HandshakeFailure>(i)),
                                             Reading(stats.handshake_failures[i]));
  }
  readings.turns = Reading(stats.turns);
  readings.loop_lag_ns = Reading(stats.loop_lag_ns);
  return AddConnectionMetrics(registry, index, readings);
}

}  // namespace meshhost
