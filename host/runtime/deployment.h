// SPDX-License-Identifier: Apache-2.0
//
// Deployment: one module instance, or the host itself, as configured: its endpoints with limits,
// time-outs, chains and payload checks, and the calls that are open on them. What a change of the
// configuration does not touch stays the same Deployment, in the new generation as in the old one.
// A dropped one lives until its last call has ended.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "host/call/call_list.h"
#include "host/call/endpoint.h"
#include "host/filter/filter_stack.h"
#include "host/runtime/module_unloader.h"
#include "host/runtime/refusing_handler.h"

namespace meshhost {

// Built by DeploymentBuilder on the control thread, then immutable but for its calls. Shared by
// generations; destroyed on the control thread.
class Deployment {
 public:
  explicit Deployment(uint32_t workers) : calls_(workers) {}
  virtual ~Deployment() = default;
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  // Null: the host's own.
  const InstanceRef& instance() const { return instance_; }
  const std::deque<Endpoint>& endpoints() const { return endpoints_; }
  // All that was configured, as text: equal for deployments that differ in nothing.
  const std::string& settings() const { return settings_; }
  const CallLists& calls() const { return calls_; }
  // Puts its limits on calls in flight into force.
  void ApplyLimits() { filters_->ApplyLimits(); }

 private:
  friend class DeploymentBuilder;

  // In the order of dependence: calls need endpoints, which need chains, handlers and checks, whose
  // code may be the instance's.
  InstanceRef instance_;
  std::string settings_;
  std::vector<std::unique_ptr<Handler>> handlers_;  // the host's own services
  std::vector<std::unique_ptr<const PayloadCheck>> checks_;
  std::unique_ptr<FilterStack> filters_;
  std::deque<Endpoint> endpoints_;  // addresses stay
  CallLists calls_;
};

using DeploymentRef = std::shared_ptr<Deployment>;

// Refuses everything: what a listener answers to a protocol that it does not serve. Part of the
// HostDeployment, whose chains it uses.
class RefusingDirectory final : public Directory {
 public:
  RefusingDirectory();

  const Endpoint* FindMethod(std::string_view path) const override;
  RouteMatch FindRoute(const RequestHead& head, Arena& arena) const override;
  RouteMatch FindWebSocket(const RequestHead& head, Arena& arena) const override;

 private:
  friend class DeploymentBuilder;

  RefusingHandler handler_;
  Endpoint grpc_;
  Endpoint http_;
  Endpoint websocket_;
};

// What the host answers itself: health, reflection, and everything that is not found.
class HostDeployment final : public Deployment {
 public:
  explicit HostDeployment(uint32_t workers);

  const Endpoint& unknown_method() const { return unknown_method_.endpoint; }
  const Endpoint& unknown_route() const { return unknown_route_.endpoint; }
  const Endpoint& wrong_verb() const { return wrong_verb_.endpoint; }
  const Endpoint& malformed_target() const { return malformed_target_.endpoint; }
  const Endpoint& unknown_websocket() const { return unknown_websocket_.endpoint; }
  const Directory& refusing() const { return refusing_; }

 private:
  friend class DeploymentBuilder;

  struct Fallback {
    Fallback(Kind kind, Reason reason);
    RefusingHandler handler;
    Endpoint endpoint;
  };

  Fallback unknown_method_;
  Fallback unknown_route_;
  Fallback wrong_verb_;
  Fallback malformed_target_;
  Fallback unknown_websocket_;
  RefusingDirectory refusing_;
};

}  // namespace meshhost
