// SPDX-License-Identifier: Apache-2.0
//
// Generation: everything that one configuration decided: its modules, what they serve and with
// which limits, the tables that find it, and its listeners. What a configuration leaves as it was
// is shared with the generation before. Prepared whole, then published to every worker.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "host/call/endpoint.h"
#include "host/config/config.h"
#include "host/grpc/grpc_stream.h"
#include "host/grpc/method_table.h"
#include "host/http/http_settings.h"
#include "host/http/virtual_hosts.h"
#include "host/runtime/bound_listeners.h"
#include "host/runtime/deployment_builder.h"
#include "host/runtime/module_set.h"

namespace meshhost {

// Owned by the Host, destroyed on the control thread once no worker looks things up in it any more.
// Lookups on any thread.
class Generation final : public Directory {
 public:
  Generation(uint64_t number, std::shared_ptr<const Config> config);

  uint64_t number() const { return number_; }
  const Config& config() const { return *config_; }
  const std::shared_ptr<const Config>& shared_config() const { return config_; }
  const HttpSettings& http() const { return http_; }
  const GrpcSettings& grpc() const { return grpc_; }
  ModuleSet& modules() { return modules_; }
  const ModuleSet& modules() const { return modules_; }
  const std::vector<DeploymentRef>& deployments() const { return deployments_; }
  std::vector<BoundListener>& listeners() { return listeners_; }
  const std::vector<BoundListener>& listeners() const { return listeners_; }

  // Builds deployments and tables for its modules, with what `running` (may be null) has of them
  // already. Errors carry the place in the configuration where there is one.
  absl::Status Deploy(const DeploymentEnvironment& environment, const Generation* running);

  const Endpoint* FindMethod(std::string_view path) const override;
  RouteMatch FindRoute(const RequestHead& head, Arena& arena) const override;
  RouteMatch FindWebSocket(const RequestHead& head, Arena& arena) const override;
  // What serves connections of listeners that do not serve a protocol.
  const Directory& refusing() const { return host_->refusing(); }

  // What reflection shows of it.
  ReflectionCatalog::Sources Reflection() const;
  bool Has(const Deployment& deployment) const;

 private:
  absl::Status AddToTables(const Deployment& deployment);
  RouteMatch ToMatch(const RouteTable::Found& found, const Endpoint& not_found) const;
  DeploymentRef DeploymentOf(const ModuleInstance& instance) const;

  const uint64_t number_;
  const std::shared_ptr<const Config> config_;
  const HttpSettings http_;
  const GrpcSettings grpc_;
  ModuleSet modules_;
  std::vector<BoundListener> listeners_;
  std::shared_ptr<HostDeployment> host_;
  std::vector<DeploymentRef> deployments_;  // of the modules in their order, and the host's
  MethodTable methods_;
  VirtualHosts routes_;
  VirtualHosts websockets_;
};

}  // namespace meshhost
