// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/reload_command.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "host/config/load.h"
#include "host/runtime/admin_client.h"
#include "host/runtime/exit_codes.h"
#include "host/runtime/plan.h"

namespace meshhost {
namespace {

using nlohmann::json;

std::string ErrorOf(const std::string& body) {
  const json document = json::parse(body, nullptr, false);
  for (const char* member : {"error", "detail"}) {
    if (document.is_object() && document.contains(member) && document[member].is_string()) {
      return document[member].get<std::string>();
    }
  }
  return body;
}

// Posts to the admin server that the file names. Whatever is wrong with the rest of the file is for
// the running host to say, in the answer.
int Ask(const std::string& config, const std::string& path, const std::string& request,
        std::string* answer) {
  const ConfigResult loaded = LoadConfig(config, FileChecks::kOff);
  if (!loaded.ok()) {
    for (const ConfigError& error : loaded.errors) std::cerr << error.ToString() << "\n";
    return kExitConfig;
  }
  const auto reply = PostToAdmin(loaded.config->admin.address, path, request);
  if (!reply.ok()) {
    std::cerr << reply.status().message() << "\n";
    return kExitFailed;
  }
  if (reply->status >= 300) {
    std::cerr << ErrorOf(reply->body) << "\n";
    return kExitFailed;
  }
  *answer = reply->body;
  return kExitOk;
}

int AskAndPrint(const std::string& config, const std::string& path, const std::string& request,
                bool as_json) {
  std::string answer;
  const int code = Ask(config, path, request, &answer);
  if (code != kExitOk) return code;
  std::cout << (as_json ? answer + "\n" : PlanText(answer));
  return kExitOk;
}

int AskAndSay(const std::string& config, const std::string& path) {
  std::string answer;
  const int code = Ask(config, path, "{}", &answer);
  if (code != kExitOk) return code;
  std::cout << "generation " << json::parse(answer).value("generation", 0) << " serves\n";
  return kExitOk;
}

}  // namespace

int PlanReload(const std::string& config, bool as_json) {
  return AskAndPrint(config, "/plan", "{}", as_json);
}

int ReloadHost(const std::string& config, const std::string& confirm, bool as_json) {
  json request = json::object();
  if (!confirm.empty()) request["confirm"] = confirm;
  return AskAndPrint(config, "/reload", request.dump(), as_json);
}

int ConfirmReload(const std::string& config) { return AskAndSay(config, "/reload/confirm"); }

int RollBackReload(const std::string& config) { return AskAndSay(config, "/reload/rollback"); }

int UpgradeHost(const std::string& config) {
  std::string answer;
  const int code = Ask(config, "/upgrade", "{}", &answer);
  if (code != kExitOk) return code;
  std::cout << "process " << json::parse(answer).value("pid", 0) << " serves\n";
  return kExitOk;
}

}  // namespace meshhost
