// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/generation.h"

namespace meshhost {
namespace {

// client_stream: refused when the head is complete, without waiting for the body.
Endpoint RefusingEndpoint(Kind kind, Handler& handler) {
  Endpoint endpoint;
  endpoint.kind = kind;
  endpoint.client_stream = true;
  endpoint.server_stream = true;
  endpoint.handler = &handler;
  return endpoint;
}

}  // namespace

Generation::Fallback::Fallback(Kind kind, Reason reason)
    : handler(reason), endpoint(RefusingEndpoint(kind, handler)) {}

Generation::Generation()
    : unknown_method_(Kind::kGrpc, Reason::kMethodUnimplemented),
      unknown_route_(Kind::kHttp, Reason::kRouteNotFound),
      wrong_verb_(Kind::kHttp, Reason::kMethodNotAllowed),
      malformed_target_(Kind::kHttp, Reason::kMalformedRequest),
      unknown_websocket_(Kind::kWebSocket, Reason::kRouteNotFound) {}

const Endpoint* Generation::FindMethod(std::string_view path) const {
  const Endpoint* endpoint = methods_.Find(path);
  return endpoint != nullptr ? endpoint : &unknown_method_.endpoint;
}

RouteMatch Generation::ToMatch(const RouteTable::Found& found, const Fallback& not_found) const {
  if (found.endpoint != nullptr) return {found.endpoint, found.params, {}};
  if (found.refusal == Reason::kMethodNotAllowed) return {&wrong_verb_.endpoint, {}, found.allow};
  if (found.refusal == Reason::kMalformedRequest) return {&malformed_target_.endpoint, {}, {}};
  return {&not_found.endpoint, {}, {}};
}

RouteMatch Generation::FindRoute(const RequestHead& head, Arena& arena) const {
  return ToMatch(routes_.Find(head.authority, head.method, head.path, arena), unknown_route_);
}

RouteMatch Generation::FindWebSocket(const RequestHead& head, Arena& arena) const {
  return ToMatch(websockets_.Find(head.authority, "GET", head.path, arena), unknown_websocket_);
}

RefusingDirectory::RefusingDirectory()
    : handler_(Reason::kProtocolNotServed),
      grpc_(RefusingEndpoint(Kind::kGrpc, handler_)),
      http_(RefusingEndpoint(Kind::kHttp, handler_)),
      websocket_(RefusingEndpoint(Kind::kWebSocket, handler_)) {}

const Endpoint* RefusingDirectory::FindMethod(std::string_view) const { return &grpc_; }

RouteMatch RefusingDirectory::FindRoute(const RequestHead&, Arena&) const {
  return {&http_, {}, {}};
}

RouteMatch RefusingDirectory::FindWebSocket(const RequestHead&, Arena&) const {
  return {&websocket_, {}, {}};
}

}  // namespace meshhost
