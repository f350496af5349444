// SPDX-License-Identifier: Apache-2.0
//
// JSON both ways. Both ends are one executable, so the format has no versions.
#include "host/module/preflight_protocol.h"

#include <array>
#include <nlohmann/json.hpp>

#include "host/base/concat.h"

namespace meshhost {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> kKinds = {"other", "step", "warning", "failed", "done"};

// Texts of a module need not be UTF-8.
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json ToJson(const ModuleConfig& module, bool create) {
  return {{"name", module.name},
          {"path", module.path.path},
          {"sha256", module.sha256},
          {"pool_threads", module.pool_threads},
          {"pool_queue", module.pool_queue},
          {"max_in_flight", module.max_in_flight},
          {"allowed_libraries", module.allowed_libraries},
          {"hosts", module.hosts},
          {"init_timeout_ns", module.init_timeout.count()},
          {"stop_timeout_ns", module.stop_timeout.count()},
          {"callback_warn_ns", module.callback_warn.count()},
          {"config", module.config_json},
          {"create", create}};
}

ModuleConfig ToModule(const json& from) {
  ModuleConfig module;
  module.name = from.at("name");
  module.path.path = from.at("path");
  module.sha256 = from.at("sha256");
  module.pool_threads = from.at("pool_threads");
  module.pool_queue = from.at("pool_queue");
  module.max_in_flight = from.at("max_in_flight");
  module.allowed_libraries = from.at("allowed_libraries");
  module.hosts = from.at("hosts");
  module.init_timeout = std::chrono::nanoseconds(from.at("init_timeout_ns"));
  module.stop_timeout = std::chrono::nanoseconds(from.at("stop_timeout_ns"));
  module.callback_warn = std::chrono::nanoseconds(from.at("callback_warn_ns"));
  module.config_json = from.at("config");
  return module;
}

}  // namespace

std::string WritePreflightReport(const PreflightReport& report) {
  return Dump({{"preflight", kKinds[static_cast<std::size_t>(report.kind)]},
               {"module", report.module},
               {"text", report.text}}) +
         "\n";
}

PreflightReport ParsePreflightReport(std::string_view line) {
  const json from = json::parse(line, nullptr, /*allow_exceptions=*/false);
  PreflightReport report;
  if (!from.is_object()) return report;
  const auto text_at = [&from](const char* key) {
    const auto found = from.find(key);
    return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string kind = text_at("preflight");
  for (std::size_t i = 1; i < kKinds.size(); ++i) {
    if (kKinds[i] == kind) report.kind = static_cast<PreflightReport::Kind>(i);
  }
  report.module = text_at("module");
  report.text = text_at("text");
  return report;
}

std::string WritePreflightPlan(const PreflightPlan& plan, const std::string& run_directory) {
  json modules = json::array();
  for (const ModuleConfig* module : plan.kept) modules.push_back(ToJson(*module, false));
  for (const ModuleConfig* module : plan.changed) modules.push_back(ToJson(*module, true));
  return Dump({{"run_directory", run_directory}, {"modules", std::move(modules)}});
}

absl::StatusOr<ReceivedPlan> ParsePreflightPlan(std::string_view text) {
  ReceivedPlan received;
  try {
    const json from = json::parse(text);
    received.plan.run_directory = from.at("run_directory");
    for (const json& module : from.at("modules")) {
      received.modules.push_back(ToModule(module));
      auto& list = module.at("create").get<bool>() ? received.plan.changed : received.plan.kept;
      list.push_back(&received.modules.back());
    }
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(Concat({"plan of the pre-flight: ", error.what()}));
  }
  return received;
}

}  // namespace meshhost
