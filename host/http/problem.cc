// SPDX-License-Identifier: Apache-2.0
#include "host/http/problem.h"

#include <nlohmann/json.hpp>

namespace meshhost {
namespace {

std::string_view StableName(const Outcome& outcome) {
  if (outcome.reason != Reason::kNone) return FactsOf(outcome.reason).name;
  if (outcome.code != Code::kOk) return CodeName(outcome.code);
  return {};
}

}  // namespace

int ProblemStatus(const Outcome& outcome) {
  const int status = outcome.http_status != 0 ? outcome.http_status : HttpStatusOf(outcome.code);
  return status >= 200 && status <= 599 ? status : 500;
}

std::string ProblemJson(const Outcome& outcome, std::string_view instance,
                        std::string_view trace_id) {
  const int status = ProblemStatus(outcome);
  nlohmann::ordered_json problem;
  problem["type"] = "about:blank";
  problem["title"] = ReasonPhrase(status);
  problem["status"] = status;
  if (!outcome.message.empty()) problem["detail"] = outcome.message;
  if (!instance.empty()) problem["instance"] = instance;
  if (const std::string_view name = StableName(outcome); !name.empty()) problem["code"] = name;
  if (!trace_id.empty()) problem["trace_id"] = trace_id;
  // Text from modules and peers need not be UTF-8.
  return problem.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace meshhost
