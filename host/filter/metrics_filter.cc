// SPDX-License-Identifier: Apache-2.0
#include "host/filter/metrics_filter.h"

#include "host/base/clock.h"
#include "host/call/exchange.h"
#include "host/telemetry/registry.h"

namespace meshhost {

Verdict MetricsFilter::OnStart(Exchange& exchange, void*) {
  endpoint_->Started(registry_.worker(exchange.loop().index()));
  return Verdict::Continue();
}

void MetricsFilter::OnEnd(Exchange& exchange, void*, const Final& final) {
  Shard& shard = registry_.worker(exchange.loop().index());
  // Not the loop's now_ns(): it stands still during an event, in which most calls begin and end.
  const uint64_t duration_ns = MonotonicNs() - exchange.started_ns();
  const Peer& peer = exchange.peer();
  endpoint_->Finished(shard, {.version = exchange.head().version,
                              .tls = peer.tls,
                              .duration_ns = duration_ns,
                              .final = final});
  listeners_.Finished(shard, peer.listener, exchange.endpoint().kind, final, duration_ns);
}

}  // namespace meshhost
