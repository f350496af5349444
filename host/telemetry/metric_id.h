// SPDX-License-Identifier: Apache-2.0
//
// Handles of metric series: plain values resolved once, when an endpoint, listener or module is set
// up, and then used on the hot path without any lookup. A handle is an index of 64-bit slots that
// exist at the same place in every shard (shard.h). A default-constructed handle points at slots
// that no series owns, so writing through it is harmless and counts nothing.
#pragma once

#include <cstdint>
#include <vector>

namespace meshhost {

// Upper bounds of a histogram over integers. `raw` are in the unit that Observe() takes (ns,
// bytes); the scrape divides them by `per_unit` (1e9 for seconds) to get the exposed base unit.
// Owned by the Registry, never changes, read by any thread.
struct HistogramLayout {
  std::vector<std::uint64_t> raw;
  double per_unit = 1;
};

// Upper bounds of a histogram over doubles, in the exposed unit. Ownership as HistogramLayout.
struct RealHistogramLayout {
  std::vector<double> bounds;
};

// The first slots of a shard: written through default-constructed handles, read by nobody.
inline constexpr std::uint32_t kDiscardSlot = 0;
inline constexpr std::uint32_t kDiscardSlots = 2;
inline const HistogramLayout kDiscardLayout{};
inline const RealHistogramLayout kDiscardRealLayout{};

// A count that only grows.
struct CounterId {
  std::uint32_t slot = kDiscardSlot;
};

// A sum of doubles that only grows.
struct RealCounterId {
  std::uint32_t slot = kDiscardSlot;
};

// A level that goes up and down by whole steps, e.g. requests in flight. Sharded: the scrape sums
// it.
struct LevelId {
  std::uint32_t slot = kDiscardSlot;
};

// A value that is set. Lives in the shared shard only.
struct GaugeId {
  std::uint32_t slot = kDiscardSlot;
};

// Slots: one per bound, one for +Inf, one for the sum.
struct HistogramId {
  std::uint32_t slot = kDiscardSlot;
  const HistogramLayout* layout = &kDiscardLayout;
};

struct RealHistogramId {
  std::uint32_t slot = kDiscardSlot;
  const RealHistogramLayout* layout = &kDiscardRealLayout;
};

}  // namespace meshhost
