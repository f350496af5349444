// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/generation_builder.h"

#include <google/protobuf/descriptor.h>

#include <set>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/config/config_error.h"
#include "host/grpc/health_service.h"
#include "host/grpc/host_schema.h"
#include "host/grpc/payload_schema.h"

namespace meshhost {
namespace {

uint64_t Ns(ConfigDuration duration) { return static_cast<uint64_t>(duration.count()); }

bool IsUnary(const Endpoint& endpoint) {
  return endpoint.kind != Kind::kWebSocket && !endpoint.client_stream && !endpoint.server_stream;
}

void Override(const MethodConfig& method, Endpoint& endpoint) {
  if (method.timeout.count() != 0) endpoint.timeout_ns = Ns(method.timeout);
  if (method.max_message != 0) endpoint.max_message = static_cast<uint32_t>(method.max_message);
  if (method.max_in_flight != 0) endpoint.max_in_flight = method.max_in_flight;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Generation>> GenerationBuilder::Build(const ModuleSet& modules) {
  ASSIGN_OR_RETURN(generation_->filters_,
                   FilterStack::Make(config_, environment_.metrics, environment_.access_log));
  for (const ModuleSet::Entry& module : modules.entries()) RETURN_IF_ERROR(AddModule(module));
  if (config_.grpc.health) RETURN_IF_ERROR(AddHealth());
  if (config_.grpc.reflection) RETURN_IF_ERROR(AddReflection(modules));
  RETURN_IF_ERROR(AddFallbacks());
  return std::move(generation_);
}

absl::Status GenerationBuilder::AddModule(const ModuleSet::Entry& module) {
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
    endpoint.request_check = CheckFor(*module.instance, endpoint);
    RETURN_IF_ERROR(AddEndpoint(std::move(endpoint)));
  }
  for (const std::string& service : module.instance->registration().services()) {
    const auto told = module.instance->health();
    const auto found = told.find(service);
    environment_.health.Set(service, found == told.end() || found->second);
  }
  if (unused.empty()) return absl::OkStatus();
  return UnusedOverride(*module.config, **unused.begin());
}

absl::Status GenerationBuilder::UnusedOverride(const ModuleConfig& module,
                                               const MethodConfig& method) const {
  return StatusAt(
      config_.file, method.position,
      absl::NotFoundError(Concat(
          {"module \"", module.name, "\" serves nothing that matches \"", method.match, "\""})));
}

void GenerationBuilder::SetDefaults(Endpoint& endpoint) const {
  if (IsUnary(endpoint)) {
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

const PayloadCheck* GenerationBuilder::CheckFor(const ModuleInstance& module,
                                                const Endpoint& endpoint) {
  if (endpoint.kind != Kind::kGrpc || !config_.grpc.validate_messages) return nullptr;
  std::string name = endpoint.name;
  name[name.rfind('/')] = '.';
  const auto* method = module.registration().schema().pool()->FindMethodByName(name);
  if (method == nullptr) return nullptr;
  generation_->checks_.push_back(PayloadSchema::Compile(*method->input_type()));
  return generation_->checks_.back().get();
}

absl::Status GenerationBuilder::SetChain(Endpoint& endpoint) {
  ASSIGN_OR_RETURN(endpoint.chain, generation_->filters_->ChainFor(endpoint));
  return absl::OkStatus();
}

absl::Status GenerationBuilder::AddEndpoint(Endpoint endpoint) {
  endpoint.id = static_cast<uint32_t>(generation_->endpoints_.size());
  Endpoint& kept = generation_->endpoints_.emplace_back(std::move(endpoint));
  RETURN_IF_ERROR(SetChain(kept));
  switch (kept.kind) {
    case Kind::kGrpc:
      return generation_->methods_.Add(kept);
    case Kind::kHttp:
      return generation_->routes_.Add(kept);
    case Kind::kWebSocket:
      return generation_->websockets_.Add(kept);
  }
  return absl::OkStatus();
}

absl::Status GenerationBuilder::AddHostMethod(std::string_view name,
                                              std::unique_ptr<Handler> handler, bool client_stream,
                                              bool server_stream) {
  Endpoint endpoint;
  endpoint.kind = Kind::kGrpc;
  endpoint.name = name;
  endpoint.verb = "POST";
  endpoint.client_stream = client_stream;
  endpoint.server_stream = server_stream;
  endpoint.handler = handler.get();
  SetDefaults(endpoint);
  // Watchers and reflection tools keep quiet streams open on purpose.
  endpoint.idle_timeout_ns = 0;
  generation_->handlers_.push_back(std::move(handler));
  return AddEndpoint(std::move(endpoint));
}

absl::Status GenerationBuilder::AddHealth() {
  HealthRegistry& health = environment_.health;
  RETURN_IF_ERROR(AddHostMethod("grpc.health.v1.Health/Check",
                                std::make_unique<HealthCheckHandler>(health), false, false));
  RETURN_IF_ERROR(AddHostMethod("grpc.health.v1.Health/List",
                                std::make_unique<HealthListHandler>(health), false, false));
  return AddHostMethod("grpc.health.v1.Health/Watch", std::make_unique<HealthWatchHandler>(health),
                       false, true);
}

absl::Status GenerationBuilder::AddReflection(const ModuleSet& modules) {
  std::vector<ReflectionSource> sources;
  for (const ModuleSet::Entry& module : modules.entries()) {
    const Registration& registration = module.instance->registration();
    sources.push_back({registration.schema().pool(), registration.services()});
  }
  // Last, so that a module's own copy of a well-known file wins for its own symbols.
  sources.push_back(HostReflectionSource(config_.grpc.health));
  RETURN_IF_ERROR(AddHostMethod("grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                std::make_unique<ReflectionHandler>(sources), true, true));
  return AddHostMethod("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                       std::make_unique<ReflectionHandler>(std::move(sources)), true, true);
}

absl::Status GenerationBuilder::AddFallbacks() {
  for (Generation::Fallback* fallback :
       {&generation_->unknown_method_, &generation_->unknown_route_, &generation_->wrong_verb_,
        &generation_->malformed_target_, &generation_->unknown_websocket_}) {
    RETURN_IF_ERROR(SetChain(fallback->endpoint));
  }
  RETURN_IF_ERROR(SetChain(generation_->refusing_.grpc_));
  RETURN_IF_ERROR(SetChain(generation_->refusing_.http_));
  return SetChain(generation_->refusing_.websocket_);
}

}  // namespace meshhost
