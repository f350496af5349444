// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/generation.h"

#include <algorithm>
#include <utility>

#include "host/base/status_macros.h"
#include "host/grpc/host_schema.h"
#include "host/runtime/settings_from_config.h"

namespace meshhost {

Generation::Generation(uint64_t number, std::shared_ptr<const Config> config)
    : number_(number),
      config_(std::move(config)),
      http_(HttpSettingsFrom(*config_)),
      grpc_(GrpcSettingsFrom(*config_)) {}

absl::Status Generation::Deploy(const DeploymentEnvironment& environment,
                                const Generation* running) {
  DeploymentBuilder builder(*config_, environment);
  for (const ModuleSet::Entry& module : modules_.entries()) {
    const DeploymentRef known =
        running == nullptr ? nullptr : running->DeploymentOf(*module.instance);
    ASSIGN_OR_RETURN(DeploymentRef deployment, builder.ForModule(module, known));
    deployments_.push_back(std::move(deployment));
  }
  ASSIGN_OR_RETURN(host_, builder.ForHost(running == nullptr ? nullptr : running->host_));
  deployments_.push_back(host_);
  for (const DeploymentRef& deployment : deployments_) RETURN_IF_ERROR(AddToTables(*deployment));
  return absl::OkStatus();
}

absl::Status Generation::AddToTables(const Deployment& deployment) {
  for (const Endpoint& endpoint : deployment.endpoints()) {
    switch (endpoint.kind) {
      case Kind::kGrpc:
        RETURN_IF_ERROR(methods_.Add(endpoint));
        break;
      case Kind::kHttp:
        RETURN_IF_ERROR(routes_.Add(endpoint));
        break;
      case Kind::kWebSocket:
        RETURN_IF_ERROR(websockets_.Add(endpoint));
        break;
    }
  }
  return absl::OkStatus();
}

DeploymentRef Generation::DeploymentOf(const ModuleInstance& instance) const {
  for (const DeploymentRef& deployment : deployments_) {
    if (deployment->instance().get() == &instance) return deployment;
  }
  return nullptr;
}

bool Generation::Has(const Deployment& deployment) const {
  return std::any_of(deployments_.begin(), deployments_.end(),
                     [&deployment](const auto& one) { return one.get() == &deployment; });
}

ReflectionCatalog::Sources Generation::Reflection() const {
  ReflectionCatalog::Sources sources;
  for (const ModuleSet::Entry& module : modules_.entries()) {
    const Registration& registration = module.instance->registration();
    sources.push_back({registration.schema().pool(), registration.services()});
  }
  // Last, so that a module's own copy of a well-known file wins for its own symbols.
  sources.push_back(HostReflectionSource(config_->grpc.health));
  return sources;
}

const Endpoint* Generation::FindMethod(std::string_view path) const {
  const Endpoint* endpoint = methods_.Find(path);
  return endpoint != nullptr ? endpoint : &host_->unknown_method();
}

RouteMatch Generation::ToMatch(const RouteTable::Found& found, const Endpoint& not_found) const {
  if (found.endpoint != nullptr) return {found.endpoint, found.params, {}};
  if (found.refusal == Reason::kMethodNotAllowed) return {&host_->wrong_verb(), {}, found.allow};
  if (found.refusal == Reason::kMalformedRequest) return {&host_->malformed_target(), {}, {}};
  return {&not_found, {}, {}};
}

RouteMatch Generation::FindRoute(const RequestHead& head, Arena& arena) const {
  return ToMatch(routes_.Find(head.authority, head.method, head.path, arena),
                 host_->unknown_route());
}

RouteMatch Generation::FindWebSocket(const RequestHead& head, Arena& arena) const {
  return ToMatch(websockets_.Find(head.authority, "GET", head.path, arena),
                 host_->unknown_websocket());
}

}  // namespace meshhost
