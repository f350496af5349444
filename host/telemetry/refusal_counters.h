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

// meshhost_refusals_total of one protocol and module, by Reason. Owned by the metrics of one
// endpoint; Add() on the thread of the shard.
class RefusalCounters final {
 public:
  RefusalCounters(Registry& registry, FamilyId family, std::string_view protocol,
                  std::string_view module, MetricOwner owner)
      : registry_(registry), family_(family), protocol_(protocol), module_(module), owner_(owner) {}

  // kNone is not a refusal and counts nothing.
  void Add(Shard& shard, Reason reason) {
    if (reason != Reason::kNone) [[unlikely]]
      AddRefusal(shard, reason);
  }

 private:
  void AddRefusal(Shard& shard, Reason reason);

  Registry& registry_;
  const FamilyId family_;
  const std::string protocol_;
  const std::string module_;
  const MetricOwner owner_;
  LazySeries<static_cast<std::size_t>(Reason::kCount)> series_;
};

}  // namespace meshhost
