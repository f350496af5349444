// SPDX-License-Identifier: Apache-2.0
//
// The endpoints of plugins/echo that the benches use, without a module: the same tables, the same
// chains, the same payload check, and handlers of the host's own behind them.

#pragma once

#include <array>
#include <memory>

#include "absl/status/statusor.h"
#include "host/call/call_list.h"
#include "host/call/endpoint.h"
#include "host/config/config.h"
#include "host/filter/filter_stack.h"
#include "host/grpc/method_table.h"
#include "host/http/route_table.h"
#include "host/runtime/refusing_handler.h"
#include "tests/bench/echo_handlers.h"

namespace meshhost::bench {

// Owned by main. Built on the main thread, then immutable: lookups on any thread.
class EchoDirectory final : public Directory {
 public:
  static absl::StatusOr<std::unique_ptr<EchoDirectory>> Make(const Config& config,
                                                             std::unique_ptr<FilterStack> filters);

  const Endpoint* FindMethod(std::string_view path) const override;
  RouteMatch FindRoute(const RequestHead& head, Arena& arena) const override;
  RouteMatch FindWebSocket(const RequestHead& head, Arena& arena) const override;

 private:
  EchoDirectory(const Config& config, std::unique_ptr<FilterStack> filters);
  absl::Status Compose();

  CallLists calls_{1};

  UnaryEcho unary_handler_;
  BidiEcho bidi_handler_;
  GetEcho get_handler_;
  RefusingHandler refusing_handler_{Reason::kRouteNotFound};
  std::unique_ptr<const PayloadCheck> check_;
  std::unique_ptr<FilterStack> filters_;
  Endpoint unary_;
  Endpoint bidi_;
  Endpoint get_;
  Endpoint unknown_method_;
  Endpoint unknown_route_;
  Endpoint unknown_websocket_;
  MethodTable methods_;
  RouteTable routes_;
};

}  // namespace meshhost::bench
