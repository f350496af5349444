// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/grpc/health_registry.h"
#include "host/grpc/reflection_service.h"
#include "host/runtime/generation.h"
#include "host/runtime/module_set.h"

namespace meshhost {

// What generations share. All outlive them.
struct GenerationEnvironment {
  Registry& metrics;
  AccessLog* access_log;  // null: off
  HealthRegistry& health;
};

// Turns a configuration and its loaded modules into a Generation: one endpoint for each method and
// route with its limits, chain and payload check, and the tables that find it. One use; control
// thread.
class GenerationBuilder final {
 public:
  GenerationBuilder(const Config& config, const GenerationEnvironment& environment)
      : config_(config), environment_(environment), generation_(new Generation) {}

  // Errors carry the place in the configuration where there is one.
  absl::StatusOr<std::unique_ptr<Generation>> Build(const ModuleSet& modules);

 private:
  absl::Status AddModule(const ModuleSet::Entry& module);
  absl::Status AddEndpoint(Endpoint endpoint);
  absl::Status AddHealth();
  absl::Status AddReflection(const ModuleSet& modules);
  absl::Status AddHostMethod(std::string_view name, std::unique_ptr<Handler> handler,
                             bool client_stream, bool server_stream);
  absl::Status AddFallbacks();
  absl::Status SetChain(Endpoint& endpoint);
  void SetDefaults(Endpoint& endpoint) const;
  const PayloadCheck* CheckFor(const ModuleInstance& module, const Endpoint& endpoint);
  absl::Status UnusedOverride(const ModuleConfig& module, const MethodConfig& method) const;

  const Config& config_;
  const GenerationEnvironment& environment_;
  std::unique_ptr<Generation> generation_;
};

}  // namespace meshhost
