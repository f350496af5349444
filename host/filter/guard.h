// SPDX-License-Identifier: Apache-2.0
//
// Guard: what becomes of the decisions of a filter that may refuse calls. It applies the mode of
// the guard, counts, and notes the decision for `meshhost explain`, so that no two guards do it
// differently.
#pragma once

#include <string>
#include <string_view>

#include "host/call/filter.h"
#include "host/config/guard_mode.h"
#include "host/telemetry/guard_counters.h"

namespace meshhost {

// Which rule decided, and more for the operator. Views live as long as the call.
struct Grounds {
  std::string_view rule;
  std::string_view detail;
};

// Made by FilterStack::MakeGuard, owned by one filter; its functions on any worker. A guard that is
// off has no filter.
class Guard final {
 public:
  // `name`: of the filter, static.
  Guard(std::string_view name, GuardMode mode, Registry& registry, FamilyId refusals,
        std::string_view module, MetricOwner owner);

  GuardMode mode() const { return mode_; }
  // What the filter returns from OnStart or OnMessage for a call that it would refuse.
  Verdict Refuse(Exchange& exchange, const Outcome& outcome, const Grounds& grounds = {});
  // Only to be explained: nothing is counted.
  void Allow(Exchange& exchange, const Grounds& grounds = {}) const;

 private:
  const std::string_view name_;
  const GuardMode mode_;
  Registry& registry_;
  GuardCounters refusals_;
};

}  // namespace meshhost
