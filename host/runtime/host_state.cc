// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/host_state.h"

#include <nlohmann/json.hpp>

#include "host/base/concat.h"
#include "host/config/print.h"
#include "host/http/openapi_document.h"
#include "host/runtime/version.h"
#include "meshhost/abi/base.h"

namespace meshhost {

void HostState::SetGeneration(const Generation& generation) {
  const absl::MutexLock lock(&mutex_);
  generation_ = &generation;
}

uint64_t HostState::generation() const {
  const absl::MutexLock lock(&mutex_);
  return generation_ == nullptr ? 0 : generation_->number();
}

bool HostState::Healthy() const { return phase_ == Phase::kReady && failed_.empty(); }

void HostState::BeginServing() {
  const absl::MutexLock lock(&mutex_);
  phase_ = Phase::kReady;
  health_.Set("", Healthy());
}

void HostState::BeginDraining() {
  const absl::MutexLock lock(&mutex_);
  phase_ = Phase::kDraining;
  health_.SetDraining();
}

void HostState::SetServing(std::string_view module, std::string_view service, bool serving) {
  const absl::MutexLock lock(&mutex_);
  auto& failed = failed_[std::string(module)];
  if (serving) {
    failed.erase(std::string(service));
  } else {
    failed.emplace(service);
  }
  if (failed.empty()) failed_.erase(failed_.find(module));
  health_.Set(service, serving);
  health_.Set("", Healthy());
}

void HostState::Forget(std::string_view module, std::string_view service, bool gone) {
  const absl::MutexLock lock(&mutex_);
  const auto failed = failed_.find(module);
  if (failed != failed_.end()) {
    failed->second.erase(std::string(service));
    if (failed->second.empty()) failed_.erase(failed);
  }
  if (gone) health_.Remove(service);
  health_.Set("", Healthy());
}

HealthReport HostState::Health() const {
  HealthReport report;
  for (size_t i = 0; i < heartbeats_.size(); ++i) {
    const bool alive = heartbeats_[i]->alive();
    report.live = report.live && alive;
    report.checks.push_back({Concat({"worker/", std::to_string(i)}), alive,
                             alive ? "" : "its event loop does not turn"});
  }
  const absl::MutexLock lock(&mutex_);
  report.ready = Healthy() && report.live;
  for (const ModuleSet::Entry& entry : generation_->modules().entries()) {
    const ModuleConfig& module = *entry.config;
    HealthCheck check{Concat({"module/", module.name}), true, ""};
    const auto found = failed_.find(module.name);
    if (found != failed_.end()) {
      check.healthy = false;
      for (const std::string& service : found->second) {
        check.detail += Concat({check.detail.empty() ? "not serving: " : ", ", service});
      }
    }
    report.checks.push_back(std::move(check));
  }
  return report;
}

std::string HostState::ConfigJson() const {
  const absl::MutexLock lock(&mutex_);
  return ToJson(generation_->config());
}

std::string HostState::ModulesJson() const {
  nlohmann::json modules = nlohmann::json::array();
  const absl::MutexLock lock(&mutex_);
  for (const ModuleSet::Entry& entry : generation_->modules().entries()) {
    const ModuleInstance& instance = *entry.instance;
    nlohmann::json endpoints = nlohmann::json::array();
    for (const auto& method : instance.registration().methods()) {
      endpoints.push_back(method->label());
    }
    modules.push_back({{"name", instance.name()},
                       {"path", entry.config->path.path},
                       {"generation", instance.generation()},
                       {"endpoints", std::move(endpoints)},
                       {"calls", instance.counts().calls.begun()},
                       {"open_calls", instance.counts().calls.open()},
                       {"stalled_callbacks", instance.overruns()},
                       {"exceptions", instance.exceptions()},
                       {"holding", instance.Holding()}});
  }
  return modules.dump();
}

std::string HostState::OpenApiJson() const {
  OpenApiDocument document;
  const absl::MutexLock lock(&mutex_);
  for (const DeploymentRef& deployment : generation_->deployments()) {
    for (const Endpoint& endpoint : deployment->endpoints()) {
      if (endpoint.kind == Kind::kHttp) document.Add(endpoint);
    }
  }
  return document.ToJson(kVersion);
}

std::string HostState::VersionJson() const {
  return nlohmann::json{
      {"name", "meshhost"},
      {"version", kVersion},
      {"abi", Concat({std::to_string(MH_ABI_MAJOR), ".", std::to_string(MH_ABI_MINOR)})}}
      .dump();
}

}  // namespace meshhost
