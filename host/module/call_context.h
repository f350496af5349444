// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "host/module/instance_counts.h"
#include "host/module/misbehaviour.h"
#include "host/module/module_pool.h"

namespace meshhost {

// What the calls of one instance share. Owned by the ModuleInstance, outlives its calls.
struct CallContext {
  ModulePool& pool;
  InstanceCounts& counts;
  MisbehaviourSink& misbehaviour;
  std::uint64_t callback_warn_ns = 50'000'000;
  // Bytes that other threads may have queued for the worker, per call.
  std::size_t high_mark = 256 * 1024;
  std::uint32_t max_in_flight = 0;          // of the whole module; 0: no limit
  std::atomic<std::uint32_t> in_flight{0};  // kept only when there is a limit
  std::atomic<bool> gone{false};            // unloaded or retained: operations answer MH_GONE
};

}  // namespace meshhost
