// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/echo_directory.h"

#include <utility>

#include "echo/v1/echo.pb.h"
#include "host/base/status_macros.h"
#include "host/grpc/payload_schema.h"

namespace meshhost::bench {
namespace {

// Names and limits as the generation builder sets them for a module's endpoints.
Endpoint NewEndpoint(const Config& config, Kind kind, std::string_view name, Handler& handler) {
  Endpoint endpoint;
  endpoint.kind = kind;
  endpoint.name = name;
  endpoint.verb = kind == Kind::kGrpc ? "POST" : "GET";
  endpoint.module = "echo";
  endpoint.handler = &handler;
  endpoint.timeout_ns = static_cast<uint64_t>(config.timeouts.request.count());
  endpoint.max_message = static_cast<uint32_t>(kind == Kind::kGrpc ? config.limits.grpc_message_in
                                                                   : config.limits.http_body);
  return endpoint;
}

void MakeStream(const Config& config, Endpoint& endpoint) {
  endpoint.client_stream = true;
  endpoint.server_stream = true;
  endpoint.timeout_ns = static_cast<uint64_t>(config.timeouts.stream_max.count());
  endpoint.idle_timeout_ns = static_cast<uint64_t>(config.timeouts.stream_idle.count());
}

}  // namespace

EchoDirectory::EchoDirectory(const Config& config, std::unique_ptr<FilterStack> filters)
    : check_(PayloadSchema::Compile(*echo::v1::EchoRequest::descriptor())),
      filters_(std::move(filters)),
      unary_(NewEndpoint(config, Kind::kGrpc, "echo.v1.Echo/Unary", unary_handler_)),
      bidi_(NewEndpoint(config, Kind::kGrpc, "echo.v1.Echo/Bidi", bidi_handler_)),
      get_(NewEndpoint(config, Kind::kHttp, "/echo", get_handler_)),
      unknown_method_(NewEndpoint(config, Kind::kGrpc, "", refusing_handler_)),
      unknown_route_(NewEndpoint(config, Kind::kHttp, "", refusing_handler_)),
      unknown_websocket_(NewEndpoint(config, Kind::kWebSocket, "", refusing_handler_)) {
  unary_.request_check = check_.get();
  bidi_.request_check = check_.get();
  for (Endpoint* endpoint : {&bidi_, &unknown_method_, &unknown_route_, &unknown_websocket_}) {
    MakeStream(config, *endpoint);
  }
}

absl::StatusOr<std::unique_ptr<EchoDirectory>> EchoDirectory::Make(
    const Config& config, std::unique_ptr<FilterStack> filters) {
  std::unique_ptr<EchoDirectory> directory(new EchoDirectory(config, std::move(filters)));
  RETURN_IF_ERROR(directory->Compose());
  return directory;
}

absl::Status EchoDirectory::Compose() {
  for (Endpoint* endpoint :
       {&unary_, &bidi_, &get_, &unknown_method_, &unknown_route_, &unknown_websocket_}) {
    endpoint->calls = &calls_;
    ASSIGN_OR_RETURN(endpoint->chain, filters_->ChainFor(*endpoint));
  }
  RETURN_IF_ERROR(methods_.Add(unary_));
  RETURN_IF_ERROR(methods_.Add(bidi_));
  return routes_.Add(get_);
}

const Endpoint* EchoDirectory::FindMethod(std::string_view path) const {
  const Endpoint* found = methods_.Find(path);
  return found != nullptr ? found : &unknown_method_;
}

RouteMatch EchoDirectory::FindRoute(const RequestHead& head, Arena& arena) const {
  const RouteTable::Found found = routes_.Find(head.method, head.path, arena);
  return {found.endpoint != nullptr ? found.endpoint : &unknown_route_, found.params, {}};
}

RouteMatch EchoDirectory::FindWebSocket(const RequestHead&, Arena&) const {
  return {&unknown_websocket_, {}, {}};
}

}  // namespace meshhost::bench
