// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "host/call/outcome.h"
#include "host/telemetry/lazy_series.h"
#include "host/telemetry/metric_family.h"
#include "host/telemetry/shard.h"

namespace meshhost {

class Registry;

// meshhost_guard_refusals_total of one guard and module, by Reason. Owned by a Guard; Add() on the
// thread of the shard.
class GuardCounters final {
 public:
  // `mode`: "shadow" or "enforce". The registry outlives this.
  struct Labels {
    std::string guard;
    std::string mode;
    std::string module;
  };

  GuardCounters(Registry& registry, FamilyId family, Labels labels, MetricOwner owner)
      : registry_(registry), family_(family), labels_(std::move(labels)), owner_(owner) {}

  void Add(Shard& shard, Reason reason);

 private:
  Registry& registry_;
  const FamilyId family_;
  const Labels labels_;
  const MetricOwner owner_;
  LazySeries<static_cast<std::size_t>(Reason::kCount)> series_;
};

}  // namespace meshhost
