// SPDX-License-Identifier: Apache-2.0
#include "host/filter/guard.h"

#include "host/call/exchange.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

std::string_view ModeName(GuardMode mode) {
  return mode == GuardMode::kShadow ? "shadow" : "enforce";
}

}  // namespace

Guard::Guard(std::string_view name, GuardMode mode, Registry& registry, FamilyId refusals,
             std::string_view module, MetricOwner owner)
    : name_(name),
      mode_(mode),
      registry_(registry),
      refusals_(registry, refusals,
                {std::string(name), std::string(ModeName(mode)), std::string(module)}, owner) {}

Verdict Guard::Refuse(Exchange& exchange, const Outcome& outcome, const Grounds& grounds) {
  const bool enforced = mode_ == GuardMode::kEnforce;
  refusals_.Add(registry_.worker(exchange.loop().index()), outcome.reason);
  exchange.Note({.guard = name_,
                 .effect = enforced ? Decision::Effect::kRefused : Decision::Effect::kShadowRefused,
                 .reason = outcome.reason,
                 .rule = grounds.rule,
                 .detail = grounds.detail});
  return enforced ? Verdict::Refuse(outcome) : Verdict::Continue();
}

void Guard::Allow(Exchange& exchange, const Grounds& grounds) const {
  exchange.Note({.guard = name_, .rule = grounds.rule, .detail = grounds.detail});
}

}  // namespace meshhost
