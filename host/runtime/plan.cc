// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/plan.h"

#include <nlohmann/json.hpp>

#include "host/base/concat.h"

namespace meshhost {
namespace {

using Json = nlohmann::ordered_json;

Json ListenerJson(const BoundListener& listener, const char* action) {
  const bool bound = listener.id != 0;
  Json certificates = Json::array();
  for (const CertificateChange& change : listener.rehearsal.changes) {
    certificates.push_back(change.ToString());
  }
  return {{"name", listener.settings->listener},
          {"address", (bound ? listener.bound : listener.configured).ToString()},
          {"action", action},
          {"certificates", std::move(certificates)},
          {"connections", listener.settings->listener_admission->open()}};
}

bool SameSettings(const AcceptorSettings& a, const AcceptorSettings& b) {
  return a.listener == b.listener && a.protocols == b.protocols && a.tls == b.tls &&
         a.handshake_timeout_ns == b.handshake_timeout_ns;
}

Json ListenersJson(const Generation& current, const Generation& next) {
  Json all = Json::array();
  for (const BoundListener& listener : next.listeners()) {
    const BoundListener* known = FindListener(current.listeners(), listener.id);
    if (known == nullptr) {
      all.push_back(ListenerJson(listener, "added"));
    } else {
      all.push_back(ListenerJson(
          listener, SameSettings(*known->settings, *listener.settings) ? "kept" : "changed"));
    }
  }
  for (const BoundListener& listener : current.listeners()) {
    if (FindListener(next.listeners(), listener.id) != nullptr) continue;
    all.push_back(ListenerJson(listener, "dropped"));
  }
  return all;
}

const Deployment* DeploymentOf(const Generation& generation, const ModuleInstance& instance) {
  for (const DeploymentRef& deployment : generation.deployments()) {
    if (deployment->instance().get() == &instance) return deployment.get();
  }
  return nullptr;
}

const char* ActionOf(const Generation& current, const Generation& next,
                     const ModuleSet::Entry& module, const ModuleSet::Entry* known) {
  if (known == nullptr) return "added";
  if (known->instance != module.instance) return "upgraded";
  if (module.reconfigure) return "reconfigured";
  const bool same = DeploymentOf(current, *known->instance) == DeploymentOf(next, *module.instance);
  return same ? "kept" : "limits";
}

// `known`: what serves now, or null.
Json ModuleJson(const std::string& name, const char* action, const Generation& current,
                const ModuleSet::Entry* known, const ModuleSet::Entry* next) {
  Json module = {{"name", name}, {"action", action}};
  if (next != nullptr) module["version"] = next->instance->report().note.version;
  if (known == nullptr) return module;
  if (next == nullptr || known->instance != next->instance) {
    module["before"] = known->instance->report().note.version;
  }
  const CallLists& calls = DeploymentOf(current, *known->instance)->calls();
  module["calls"] = calls.calls();
  module["streams"] = calls.streams();
  return module;
}

Json ModulesJson(const Generation& current, const Generation& next) {
  Json all = Json::array();
  for (const ModuleSet::Entry& module : next.modules().entries()) {
    const std::string& name = module.config->name;
    const ModuleSet::Entry* known = current.modules().Find(name);
    all.push_back(
        ModuleJson(name, ActionOf(current, next, module, known), current, known, &module));
  }
  for (const ModuleSet::Entry& known : current.modules().entries()) {
    const std::string& name = known.config->name;
    if (next.modules().Find(name) != nullptr) continue;
    all.push_back(ModuleJson(name, "dropped", current, &known, nullptr));
  }
  return all;
}

std::string Text(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string OrAbsent(std::string text) { return text.empty() ? "absent" : text; }

std::string ListenerText(const Json& listener) {
  const std::string action = Text(listener, "action");
  std::string line =
      Concat({"  ", Text(listener, "name"), " ", Text(listener, "address"), ": ", action});
  const std::string connections = Text(listener, "connections");
  if (action == "dropped") line += Concat({", ", connections, " connections drain"});
  if (action == "changed") line += Concat({" for new connections, ", connections, " stay"});
  line += "\n";
  for (const Json& change : listener.value("certificates", Json::array())) {
    line += Concat({"    ", change.get<std::string>(), "\n"});
  }
  return line;
}

std::string ModuleText(const Json& module) {
  const std::string action = Text(module, "action");
  std::string line =
      Concat({"  ", Text(module, "name"), " ", Text(module, "version"), ": ", action});
  if (action == "upgraded") line += Concat({" from ", Text(module, "before")});
  if (action == "upgraded" || action == "dropped") {
    line += Concat({", ", Text(module, "streams"), " streams are told to go, ",
                    Text(module, "calls"), " open calls finish"});
  }
  return line + "\n";
}

}  // namespace

std::string PlanJson(const Generation& current, const Generation& next,
                     const std::vector<ConfigChange>& changes) {
  Json config = Json::array();
  for (const ConfigChange& change : changes) {
    config.push_back({{"key", change.key}, {"before", change.before}, {"after", change.after}});
  }
  const Json plan = {{"from", current.number()},
                     {"to", next.number()},
                     {"config", std::move(config)},
                     {"listeners", ListenersJson(current, next)},
                     {"modules", ModulesJson(current, next)}};
  return plan.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string PlanText(const std::string& plan_json) {
  const Json plan = Json::parse(plan_json, nullptr, false);
  if (!plan.is_object()) return plan_json;
  std::string text = Concat({"generation ", Text(plan, "from"), " to ", Text(plan, "to"), "\n"});
  text += "configuration\n";
  for (const Json& change : plan.value("config", Json::array())) {
    text += Concat({"  ", Text(change, "key"), ": ", OrAbsent(Text(change, "before")), " -> ",
                    OrAbsent(Text(change, "after")), "\n"});
  }
  text += "listeners\n";
  for (const Json& listener : plan.value("listeners", Json::array()))
    text += ListenerText(listener);
  text += "modules\n";
  for (const Json& module : plan.value("modules", Json::array())) text += ModuleText(module);
  return text;
}

}  // namespace meshhost
