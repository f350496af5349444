// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_diff.h"

#include <nlohmann/json.hpp>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/module/schema_trial.h"

namespace meshhost {

absl::StatusOr<std::vector<BreakingChange>> DiffModules(const std::string& old_file,
                                                        const std::string& new_file,
                                                        const ModulePolicy& policy) {
  ASSIGN_OR_RETURN(const std::string was, TrialSchema(old_file, policy));
  ASSIGN_OR_RETURN(const std::string is, TrialSchema(new_file, policy));
  return CompareSchemas(was, is);
}

std::string ToText(const std::vector<BreakingChange>& changes) {
  if (changes.empty()) return "compatible: no breaking change\n";
  std::string text;
  for (const BreakingChange& change : changes) {
    text += Concat({"breaking: ", change.text, " [", change.rule, "]\n"});
  }
  return text;
}

std::string ToJson(const std::vector<BreakingChange>& changes) {
  nlohmann::json list = nlohmann::json::array();
  for (const BreakingChange& change : changes) {
    list.push_back({{"rule", change.rule}, {"text", change.text}});
  }
  const nlohmann::json json = {{"compatible", changes.empty()}, {"breaking", std::move(list)}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace meshhost
