// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/telemetry/every_metric.h"

#include <cstdio>
#include <cstdlib>

#include "host/telemetry/certificate_metrics.h"
#include "host/telemetry/connection_metrics.h"
#include "host/telemetry/endpoint_metrics.h"
#include "host/telemetry/guard_counters.h"
#include "host/telemetry/host_info.h"
#include "host/telemetry/listener_metrics.h"
#include "host/telemetry/log_metrics.h"
#include "host/telemetry/process_metrics.h"
#include "host/telemetry/reload_metrics.h"

namespace meshhost {
namespace {

void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace

EveryMetric::EveryMetric() {
  log_ = AsyncLog::Open({.output = {.kind = LogOutput::Kind::kStderr}}).value();
  Require(AddBuildInfo(registry_, "0.1.0", "abc\"def"));
  Require(AddModuleInfo(registry_, "echo", "1.0", "00ff", registry_.NewOwner()));
  Require(AddProcessMetrics(registry_));
  Require(AddLogMetrics(registry_, *log_, nullptr));
  Require(ListenerMetrics::Make(registry_, {"main"}).status());
  Require(AddReloadMetrics(
              registry_, [] { return 3; }, [] { return 0; })
              .status());
  Require(CertificateMetrics(registry_).Replace(
      "main", {{"server", "/etc/a.crt", "CN=\"x\"", "0A", 2'000'000'000}}));
  AddEndpoints();
  AddConnections();
}

void EveryMetric::AddEndpoints() {
  const auto families = EndpointFamilies::Define(registry_);
  Require(families.status());
  GuardCounters(registry_, families->guard_refusals, {"rate_limit", "shadow", "m"}, kHostOwner)
      .Add(registry_.worker(0), Reason::kRateLimited);
  for (Kind kind : {Kind::kGrpc, Kind::kHttp, Kind::kWebSocket}) {
    const Endpoint endpoint{.kind = kind, .name = "/v1/\"x\\y\n", .verb = "GET", .module = "m"};
    auto metrics = EndpointMetrics::Make(registry_, *families, endpoint, kHostOwner);
    Require(metrics.status());
    const Final final{.code = Code::kNotFound,
                      .reason = Reason::kRouteNotFound,
                      .http_status = 404,
                      .request_bytes = 5,
                      .response_bytes = 1'000'000};
    (*metrics)->Started(registry_.worker(0));
    (*metrics)->Finished(registry_.worker(0), {.duration_ns = 1'234'567, .final = final});
  }
}

void EveryMetric::AddConnections() {
  const auto seven = [] { return std::uint64_t{7}; };
  Require(AddConnectionMetrics(registry_, 0,
                               {.accepted = seven,
                                .active = seven,
                                .refused = {{"max_connections", seven}},
                                .ended = {{"timed_out", seven}},
                                .http2_peer_resets = seven,
                                .handshakes = seven,
                                .handshakes_resumed = seven,
                                .handshake_failures = {{"timeout", seven}},
                                .turns = seven,
                                .loop_lag_ns = seven}));
}

}  // namespace meshhost
