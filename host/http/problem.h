// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "host/call/outcome.h"

namespace meshhost {

inline constexpr std::string_view kProblemType = "application/problem+json";

// The HTTP status that an outcome is answered with: its own, else its code's. What is no final
// status counts as 500.
int ProblemStatus(const Outcome& outcome);

// The RFC 9457 body of an error answer: type, title, status, detail, instance and `code`, the
// stable name of the reason (or of the code, when a module answers). The one place where an outcome
// becomes JSON. `instance`: the path that was asked for; `trace_id`: hex; either may be empty.
std::string ProblemJson(const Outcome& outcome, std::string_view instance,
                        std::string_view trace_id);

}  // namespace meshhost
