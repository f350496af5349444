// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/guard_counters.h"

#include "host/telemetry/registry.h"

namespace meshhost {

void GuardCounters::Add(Shard& shard, Reason reason) {
  const auto make = [this](std::size_t index) {
    const std::string_view name = FactsOf(static_cast<Reason>(index)).name;
    return registry_.Counter(family_, {labels_.guard, labels_.mode, name, labels_.module}, owner_)
        .value_or(CounterId{})
        .slot;
  };
  shard.Add(CounterId{series_.Slot(static_cast<std::size_t>(reason), make)});
}

}  // namespace meshhost
