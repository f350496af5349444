// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/call/endpoint.h"
#include "host/call/exchange.h"
#include "host/call/handler.h"
#include "host/module/call_context.h"
#include "host/module/crossing.h"
#include "meshhost/abi/call.h"

namespace meshhost {

// A gRPC method, REST route or WebSocket route that a module registered: the Handler of its
// Endpoint. Owned by the Registration of its instance; immutable once the generation is published.
class ModuleMethod final : public Handler {
 public:
  // `endpoint` is complete but for what the runtime adds (chain, id, overrides).
  ModuleMethod(const mh_method& method, Endpoint endpoint, const CrossingMark& instance_mark,
               CallContext& context);
  ModuleMethod(const ModuleMethod&) = delete;
  ModuleMethod& operator=(const ModuleMethod&) = delete;

  void OnCall(Exchange& exchange, const Message* first) override;

  const mh_method& abi() const { return method_; }
  const Endpoint& endpoint() const { return endpoint_; }
  const CrossingMark& mark() const { return mark_; }
  CallContext& context() const { return context_; }
  bool inline_exec() const { return method_.exec == MH_EXEC_INLINE; }
  bool streaming() const { return (method_.kind & MH_KIND_BIDI) != 0; }
  // "echo.v1.Echo/Unary", "GET /echo", "WS /echo".
  const std::string& label() const { return label_; }

 private:
  mh_method method_;
  Endpoint endpoint_;
  std::string label_;
  CrossingMark mark_;
  CallContext& context_;
};

}  // namespace meshhost
