// SPDX-License-Identifier: Apache-2.0
#include "host/filter/access_log_filter.h"

#include <algorithm>

#include "host/base/clock.h"
#include "host/call/exchange.h"
#include "host/telemetry/access_line.h"
#include "host/telemetry/access_log.h"

namespace meshhost {
namespace {

// All zero means that the call has no such id.
template <size_t N>
std::span<const uint8_t> IfSet(const std::array<uint8_t, N>& id) {
  const bool set = std::any_of(id.begin(), id.end(), [](uint8_t byte) { return byte != 0; });
  return set ? std::span<const uint8_t>(id) : std::span<const uint8_t>();
}

}  // namespace

AccessLogFilter::AccessLogFilter(AccessLog& log, const Endpoint& endpoint)
    : log_(log), endpoint_(RenderAccessEndpoint(endpoint)) {}

void AccessLogFilter::OnEnd(Exchange& exchange, void*, const Final& final) {
  const RequestHead& head = exchange.head();
  const Peer& peer = exchange.peer();
  const uint64_t duration_ns = MonotonicNs() - exchange.started_ns();
  const Header* request_id = head.Find("x-request-id");
  log_.Write(exchange.loop().index(),
             {.wall_ns = WallNs() - duration_ns,
              .duration_ns = duration_ns,
              .kind = exchange.endpoint().kind,
              .version = head.version,
              .endpoint = endpoint_,
              .method = head.method,
              .path = head.path,
              .listener = peer.listener,
              .peer = peer.address,
              .user = exchange.identity(),
              .request_id = request_id != nullptr ? request_id->value : std::string_view(),
              .trace_id = IfSet(exchange.trace().trace_id),
              .span_id = IfSet(exchange.trace().span_id),
              .final = &final});
}

}  // namespace meshhost
