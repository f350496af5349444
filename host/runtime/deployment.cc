// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/deployment.h"

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

HostDeployment::Fallback::Fallback(Kind kind, Reason reason)
    : handler(reason), endpoint(RefusingEndpoint(kind, handler)) {}

HostDeployment::HostDeployment(uint32_t workers)
    : Deployment(workers),
      unknown_method_(Kind::kGrpc, Reason::kMethodUnimplemented),
      unknown_route_(Kind::kHttp, Reason::kRouteNotFound),
      wrong_verb_(Kind::kHttp, Reason::kMethodNotAllowed),
      malformed_target_(Kind::kHttp, Reason::kMalformedRequest),
      unknown_websocket_(Kind::kWebSocket, Reason::kRouteNotFound) {}

}  // namespace meshhost
