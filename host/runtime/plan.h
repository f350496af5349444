// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/config/diff.h"
#include "host/runtime/generation.h"

namespace meshhost {

// What changing from one generation to the next does, and what it disturbs, as a JSON document:
//
//   {"from": 1, "to": 2,
//    "config": [{"key": "limits.http_body", "before": "\"1MiB\"", "after": "\"2MiB\""}],
//    "listeners": [{"name", "address", "action", "connections", "certificates": ["..."]}],
//      action: kept | changed | added | dropped; connections of dropped ones are drained
//    "modules": [{"name", "action", "version", "before", "calls", "streams"}]}
//      action: kept | reconfigured | limits | upgraded | added | dropped; the streams of upgraded
//      and dropped ones are told to go, their calls finish
//
// Control thread.
[[nodiscard]] std::string PlanJson(const Generation& current, const Generation& next,
                                   const std::vector<ConfigChange>& changes);

// The same for people.
[[nodiscard]] std::string PlanText(const std::string& plan_json);

}  // namespace meshhost
