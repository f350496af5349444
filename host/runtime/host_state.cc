// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/host_state.h"

#include <nlohmann/json.hpp>

#include "host/base/concat.h"
#include "host/config/print.h"
#include "host/http/openapi_document.h"
#include "host/runtime/version.h"
#include "meshhost/abi/base.h"

namespace meshhost {

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
  for (const ModuleConfig& module : config_->modules) {
    if (!module.enabled) continue;
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

std::string HostState::ConfigJson() const { return ToJson(*config_); }

std::string HostState::ModulesJson() const {
  nlohmann::json modules = nlohmann::json::array();
  for (const ModuleSet::Entry& entry : modules_->entries()) {
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
  for (const Endpoint& endpoint : generation_->endpoints()) {
    if (endpoint.kind == Kind::kHttp) document.Add(endpoint);
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
