// SPDX-License-Identifier: Apache-2.0
//
// Endpoint: one gRPC method, REST route or WebSocket route of one deployment, with all that was
// decided about it before the first request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/call/buffer.h"
#include "host/call/request.h"

namespace meshhost {

class CallLists;
class Chain;
class Handler;

enum class Kind : uint8_t { kGrpc, kHttp, kWebSocket };

// Says whether bytes parse as the message type that a method takes. Immutable; any thread.
class PayloadCheck {
 public:
  virtual ~PayloadCheck() = default;
  virtual bool Accepts(const Message& message) const = 0;
};

// Immutable once it is published; lives as long as its deployment, which outlives its calls.
struct Endpoint {
  Kind kind = Kind::kHttp;
  bool client_stream = false;  // many request messages / body in pieces; else gathered as `first`
  bool server_stream = false;
  std::string name;    // gRPC "pkg.Service/Method"; else the route template; "" = no such endpoint
  std::string verb;    // HTTP: "GET"; gRPC "POST"; WebSocket "GET"
  std::string module;  // configured name; "" for the host's own
  std::vector<std::string> hosts;  // routes: served for these alone, as configured; empty: for all
  std::vector<std::string> subprotocols;  // WebSocket, in order of preference
  uint32_t max_message = 0;      // bytes of one request message or whole body; 0 = codec's default
  uint32_t max_in_flight = 0;    // 0 = none
  uint64_t timeout_ns = 0;       // whole call, unary kinds only; 0 = none
  uint64_t idle_timeout_ns = 0;  // streams: no message either way; 0 = none
  Handler* handler = nullptr;    // not owned
  const Chain* chain = nullptr;  // not owned
  const PayloadCheck* request_check = nullptr;  // not owned; may be null
  CallLists* calls = nullptr;                   // not owned; of its deployment
};

// Not a short call: messages come and go until one side ends it.
inline bool IsStream(const Endpoint& endpoint) {
  return endpoint.kind == Kind::kWebSocket || endpoint.client_stream || endpoint.server_stream;
}

// As [[module.method]] and log lines name it: "pkg.Service/Method", "GET /v1/items",
// "WS /v1/items/watch".
std::string LabelOf(const Endpoint& endpoint);

// A path parameter: name from the template, value percent-decoded, in the call's arena.
struct PathParam {
  std::string_view name;
  std::string_view value;
};

class Arena;

struct RouteMatch {
  // Never null: what answers, including the generation's "not found" and "method not allowed".
  const Endpoint* endpoint = nullptr;
  std::span<const PathParam> params;
  std::string_view allow;  // methods that the path has, when the verb was not among them
};

// All endpoints of one generation. Immutable; any thread.
class Directory {
 public:
  virtual ~Directory() = default;
  // path "/pkg.Service/Method". Never null; unknown = an endpoint that refuses.
  virtual const Endpoint* FindMethod(std::string_view path) const = 0;
  // By method, authority and path of a REST request.
  virtual RouteMatch FindRoute(const RequestHead& head, Arena&) const = 0;
  // By authority and path of a WebSocket handshake.
  virtual RouteMatch FindWebSocket(const RequestHead& head, Arena&) const = 0;
};

}  // namespace meshhost
