// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/deployment_builder.h"

#include <google/protobuf/descriptor.h>

#include <set>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/config/config_error.h"
#include "host/config/print.h"
#include "host/grpc/health_service.h"
#include "host/grpc/payload_schema.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

uint64_t Ns(ConfigDuration duration) { return static_cast<uint64_t>(duration.count()); }

void Override(const MethodConfig& method, Endpoint& endpoint) {
  if (method.timeout.count() != 0) endpoint.timeout_ns = Ns(method.timeout);
  if (method.max_message != 0) endpoint.max_message = static_cast<uint32_t>(method.max_message);
  if (method.max_in_flight != 0) endpoint.max_in_flight = method.max_in_flight;
}

std::string SettingsOf(const Endpoint& endpoint) {
  std::string text = LabelOf(endpoint);
  for (const std::string& host : endpoint.hosts) text += Concat({" ", host});
  text += " ";
  for (const uint64_t value : {endpoint.timeout_ns, endpoint.idle_timeout_ns,
                               uint64_t{endpoint.max_message}, uint64_t{endpoint.max_in_flight}}) {
    text += Concat({std::to_string(value), "/"});
  }
  return text + "\n";
}

}  // namespace

absl::StatusOr<DeploymentRef> DeploymentBuilder::ForModule(const ModuleSet::Entry& module,
                                                           const DeploymentRef& running) {
  const uint32_t module_limit = module.config->max_in_flight;
  ASSIGN_OR_RETURN(std::vector<Endpoint> endpoints, EndpointsOf(module));
  std::string settings = SettingsOf(endpoints, module_limit);
  if (running != nullptr && running->instance() == module.instance &&
      running->settings() == settings) {
    return running;
  }
  auto deployment = std::make_shared<Deployment>(environment_.filters.metrics.workers());
  deployment->instance_ = module.instance;
  deployment->settings_ = std::move(settings);
  RETURN_IF_ERROR(MakeFilters(*deployment, module_limit));
  for (Endpoint& endpoint : endpoints) {
    if (endpoint.kind == Kind::kGrpc && config_.grpc.validate_messages) {
      endpoint.request_check = CheckFor(*deployment, *module.instance, endpoint);
    }
    RETURN_IF_ERROR(Add(*deployment, std::move(endpoint)));
  }
  return deployment;
}

absl::StatusOr<std::vector<Endpoint>> DeploymentBuilder::EndpointsOf(
    const ModuleSet::Entry& module) const {
  std::vector<Endpoint> endpoints;
  std::set<const MethodConfig*> unused;
  for (const MethodConfig& method : module.config->methods) unused.insert(&method);
  for (const auto& method : module.instance->registration().methods()) {
    Endpoint endpoint = method->endpoint();
    endpoint.handler = method.get();
    SetDefaults(endpoint);
    for (const MethodConfig& override : module.config->methods) {
      if (override.match != LabelOf(endpoint)) continue;
      Override(override, endpoint);
      unused.erase(&override);
    }
    endpoints.push_back(std::move(endpoint));
  }
  if (!unused.empty()) return UnusedOverride(*module.config, **unused.begin());
  return endpoints;
}

absl::Status DeploymentBuilder::UnusedOverride(const ModuleConfig& module,
                                               const MethodConfig& method) const {
  return StatusAt(
      config_.file, method.position,
      absl::NotFoundError(Concat(
          {"module \"", module.name, "\" serves nothing that matches \"", method.match, "\""})));
}

std::string DeploymentBuilder::SettingsOf(const std::vector<Endpoint>& endpoints,
                                          uint32_t module_limit) const {
  std::string text = Concat({std::to_string(module_limit), " ",
                             config_.grpc.validate_messages ? "validate" : "trust", "\n",
                             TablesToToml(config_, kChainTables)});
  for (const Endpoint& endpoint : endpoints) text += meshhost::SettingsOf(endpoint);
  return text;
}

void DeploymentBuilder::SetDefaults(Endpoint& endpoint) const {
  if (!IsStream(endpoint)) {
    endpoint.timeout_ns = Ns(config_.timeouts.request);
  } else {
    endpoint.timeout_ns = Ns(config_.timeouts.stream_max);
    endpoint.idle_timeout_ns = Ns(config_.timeouts.stream_idle);
  }
  if (endpoint.max_message != 0) return;
  switch (endpoint.kind) {
    case Kind::kGrpc:
      endpoint.max_message = static_cast<uint32_t>(config_.limits.grpc_message_in);
      return;
    case Kind::kHttp:
      endpoint.max_message = static_cast<uint32_t>(config_.limits.http_body);
      return;
    case Kind::kWebSocket:
      endpoint.max_message = static_cast<uint32_t>(config_.limits.websocket_message);
      return;
  }
}

const PayloadCheck* DeploymentBuilder::CheckFor(Deployment& deployment,
                                                const ModuleInstance& module,
                                                const Endpoint& endpoint) {
  std::string name = endpoint.name;
  name[name.rfind('/')] = '.';
  const auto* method = module.registration().schema().pool()->FindMethodByName(name);
  if (method == nullptr) return nullptr;
  deployment.checks_.push_back(PayloadSchema::Compile(*method->input_type()));
  return deployment.checks_.back().get();
}

absl::Status DeploymentBuilder::MakeFilters(Deployment& deployment, uint32_t module_limit) const {
  ASSIGN_OR_RETURN(
      deployment.filters_,
      FilterStack::Make(environment_.filters, {config_.limits.max_in_flight, module_limit}));
  return absl::OkStatus();
}

absl::Status DeploymentBuilder::Add(Deployment& deployment, Endpoint endpoint) const {
  return Connect(deployment, deployment.endpoints_.emplace_back(std::move(endpoint)));
}

absl::Status DeploymentBuilder::Connect(Deployment& deployment, Endpoint& endpoint) const {
  endpoint.calls = &deployment.calls_;
  ASSIGN_OR_RETURN(endpoint.chain, deployment.filters_->ChainFor(endpoint));
  return absl::OkStatus();
}

std::vector<DeploymentBuilder::HostMethod> DeploymentBuilder::HostMethods() const {
  std::vector<HostMethod> methods;
  HealthRegistry& health = environment_.health;
  if (config_.grpc.health) {
    methods.push_back({"grpc.health.v1.Health/Check", std::make_unique<HealthCheckHandler>(health),
                       false, false});
    methods.push_back(
        {"grpc.health.v1.Health/List", std::make_unique<HealthListHandler>(health), false, false});
    methods.push_back(
        {"grpc.health.v1.Health/Watch", std::make_unique<HealthWatchHandler>(health), false, true});
  }
  if (config_.grpc.reflection) {
    for (const char* version : {"v1", "v1alpha"}) {
      methods.push_back(
          {Concat({"grpc.reflection.", version, ".ServerReflection/ServerReflectionInfo"}),
           std::make_unique<ReflectionHandler>(environment_.reflection), true, true});
    }
  }
  return methods;
}

absl::StatusOr<std::shared_ptr<HostDeployment>> DeploymentBuilder::ForHost(
    const std::shared_ptr<HostDeployment>& running) {
  std::vector<HostMethod> methods = HostMethods();
  std::vector<Endpoint> endpoints;
  for (const HostMethod& method : methods) {
    Endpoint& endpoint = endpoints.emplace_back();
    endpoint.kind = Kind::kGrpc;
    endpoint.name = method.name;
    endpoint.verb = "POST";
    endpoint.client_stream = method.client_stream;
    endpoint.server_stream = method.server_stream;
    endpoint.handler = method.handler.get();
    SetDefaults(endpoint);
    // Watchers and reflection tools keep quiet streams open on purpose.
    endpoint.idle_timeout_ns = 0;
  }
  std::string settings = SettingsOf(endpoints, 0);
  if (running != nullptr && running->settings() == settings) return running;
  auto deployment = std::make_shared<HostDeployment>(environment_.filters.metrics.workers());
  deployment->settings_ = std::move(settings);
  for (HostMethod& method : methods) deployment->handlers_.push_back(std::move(method.handler));
  RETURN_IF_ERROR(MakeFilters(*deployment, 0));
  for (Endpoint& endpoint : endpoints) RETURN_IF_ERROR(Add(*deployment, std::move(endpoint)));
  for (Endpoint* endpoint :
       {&deployment->unknown_method_.endpoint, &deployment->unknown_route_.endpoint,
        &deployment->wrong_verb_.endpoint, &deployment->malformed_target_.endpoint,
        &deployment->unknown_websocket_.endpoint, &deployment->refusing_.grpc_,
        &deployment->refusing_.http_, &deployment->refusing_.websocket_}) {
    RETURN_IF_ERROR(Connect(*deployment, *endpoint));
  }
  return deployment;
}

}  // namespace meshhost
