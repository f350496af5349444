// SPDX-License-Identifier: Apache-2.0
//
// Generation: everything that one configuration decided about calls: endpoints, their chains, and
// the tables that find them. Built whole by GenerationBuilder, then immutable. Workers hold it
// through a Snapshot each; it may go when the last of them is unused.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "host/call/chain.h"
#include "host/call/endpoint.h"
#include "host/filter/filter_stack.h"
#include "host/grpc/method_table.h"
#include "host/http/virtual_hosts.h"
#include "host/runtime/refusing_handler.h"

namespace meshhost {

// Refuses everything: what a listener answers to a protocol that it does not serve. Belongs to a
// Generation, whose chains it uses.
class RefusingDirectory final : public Directory {
 public:
  RefusingDirectory();

  const Endpoint* FindMethod(std::string_view path) const override;
  RouteMatch FindRoute(const RequestHead& head, Arena& arena) const override;
  RouteMatch FindWebSocket(const RequestHead& head, Arena& arena) const override;

 private:
  friend class GenerationBuilder;

  RefusingHandler handler_;
  Endpoint grpc_;
  Endpoint http_;
  Endpoint websocket_;
};

// Owned by the Host. Lookups on any thread.
class Generation final : public Directory {
 public:
  Generation();

  const Endpoint* FindMethod(std::string_view path) const override;
  RouteMatch FindRoute(const RequestHead& head, Arena& arena) const override;
  RouteMatch FindWebSocket(const RequestHead& head, Arena& arena) const override;

  // What serves connections of listeners that do not serve a protocol.
  const Directory& refusing() const { return refusing_; }
  const std::deque<Endpoint>& endpoints() const { return endpoints_; }

 private:
  friend class GenerationBuilder;

  // The host's own endpoints: what answers when nothing is found.
  struct Fallback {
    Fallback(Kind kind, Reason reason);
    RefusingHandler handler;
    Endpoint endpoint;
  };
  RouteMatch ToMatch(const RouteTable::Found& found, const Fallback& not_found) const;

  std::vector<std::unique_ptr<Handler>> handlers_;  // the host's own services
  std::vector<std::unique_ptr<const PayloadCheck>> checks_;
  std::deque<Endpoint> endpoints_;  // addresses stay
  std::unique_ptr<FilterStack> filters_;
  MethodTable methods_;
  VirtualHosts routes_;
  VirtualHosts websockets_;
  Fallback unknown_method_;
  Fallback unknown_route_;
  Fallback wrong_verb_;
  Fallback malformed_target_;
  Fallback unknown_websocket_;
  RefusingDirectory refusing_;
};

}  // namespace meshhost
