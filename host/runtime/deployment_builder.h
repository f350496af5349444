// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/grpc/health_registry.h"
#include "host/grpc/reflection_service.h"
#include "host/runtime/deployment.h"
#include "host/runtime/module_set.h"

namespace meshhost {

// What deployments share. All outlive them. Plain value.
struct DeploymentEnvironment {
  FilterEnvironment filters;
  HealthRegistry& health;
  const ReflectionCatalog& reflection;
};

// Turns a configuration and a loaded module into a Deployment: one endpoint for each method and
// route with its limits, chain and payload check. Control thread.
class DeploymentBuilder final {
 public:
  DeploymentBuilder(const Config& config, const DeploymentEnvironment& environment)
      : config_(config), environment_(environment) {}

  // `running`: what serves the instance now, or null; given back when nothing about it changes.
  // Errors carry the place in the configuration where there is one.
  absl::StatusOr<DeploymentRef> ForModule(const ModuleSet::Entry& module,
                                          const DeploymentRef& running);
  absl::StatusOr<std::shared_ptr<HostDeployment>> ForHost(
      const std::shared_ptr<HostDeployment>& running);

 private:
  struct HostMethod {
    std::string name;
    std::unique_ptr<Handler> handler;
    bool client_stream;
    bool server_stream;
  };

  absl::StatusOr<std::vector<Endpoint>> EndpointsOf(const ModuleSet::Entry& module) const;
  std::vector<HostMethod> HostMethods() const;
  std::string SettingsOf(const std::vector<Endpoint>& endpoints, uint32_t module_limit) const;
  void SetDefaults(Endpoint& endpoint) const;
  absl::Status UnusedOverride(const ModuleConfig& module, const MethodConfig& method) const;
  absl::Status MakeFilters(Deployment& deployment, uint32_t module_limit) const;
  absl::Status Add(Deployment& deployment, Endpoint endpoint) const;
  absl::Status Connect(Deployment& deployment, Endpoint& endpoint) const;
  static const PayloadCheck* CheckFor(Deployment& deployment, const ModuleInstance& module,
                                      const Endpoint& endpoint);

  const Config& config_;
  const DeploymentEnvironment environment_;
};

}  // namespace meshhost
