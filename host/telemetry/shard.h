// SPDX-License-Identifier: Apache-2.0
//
// Where metrics are written. Each worker has a Shard of its own that no other thread writes, so an
// update is a plain load and store (relaxed atomics without read-modify-write): no lock, no bus
// traffic, no waiting, about a nanosecond. All other threads (module pools, admin, control) use the
// one SharedShard with atomic read-modify-writes. The scrape reads all shards and adds them up.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "host/telemetry/metric_id.h"
#include "host/telemetry/slot_table.h"

namespace meshhost {

// Index of the bucket of `value`: that of the first bound that is not below it, or one past the
// last bound for +Inf. Linear, since nearly all requests end in the first buckets.
template <typename Bounds, typename Value>
inline std::size_t BucketIndex(const Bounds& bounds, Value value) {
  std::size_t index = 0;
  const std::size_t count = bounds.size();
  while (index < count && value > bounds[index]) ++index;
  return index;
}

// How the one thread of a worker adds to its slots: nobody else writes them.
struct SingleWriter {
  static void Increase(std::atomic<std::uint64_t>& slot, std::uint64_t n) {
    slot.store(slot.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  static void IncreaseReal(std::atomic<std::uint64_t>& slot, double n) {
    const double sum = std::bit_cast<double>(slot.load(std::memory_order_relaxed)) + n;
    slot.store(std::bit_cast<std::uint64_t>(sum), std::memory_order_relaxed);
  }
};

// How several threads add to the same slots.
struct ManyWriters {
  static void Increase(std::atomic<std::uint64_t>& slot, std::uint64_t n) {
    slot.fetch_add(n, std::memory_order_relaxed);
  }
  static void IncreaseReal(std::atomic<std::uint64_t>& slot, double n) {
    std::uint64_t seen = slot.load(std::memory_order_relaxed);
    while (!slot.compare_exchange_weak(
        seen, std::bit_cast<std::uint64_t>(std::bit_cast<double>(seen) + n),
        std::memory_order_relaxed)) {
    }
  }
};

// What both kinds of shard do.
template <class Writers>
class BasicShard {
 public:
  void Add(CounterId id, std::uint64_t n = 1) { Writers::Increase(table_.Slot(id.slot), n); }
  void Add(RealCounterId id, double n) { Writers::IncreaseReal(table_.Slot(id.slot), n); }
  // Negative steps wrap around in one shard; the sum over all shards is right.
  void Add(LevelId id, std::int64_t n) {
    Writers::Increase(table_.Slot(id.slot), static_cast<std::uint64_t>(n));
  }

  void Observe(HistogramId id, std::uint64_t raw) {
    std::atomic<std::uint64_t>* run = table_.Run(id.slot);
    const auto& bounds = id.layout->raw;
    Writers::Increase(run[BucketIndex(bounds, raw)], 1);
    Writers::Increase(run[bounds.size() + 1], raw);
  }
  void Observe(RealHistogramId id, double value) {
    std::atomic<std::uint64_t>* run = table_.Run(id.slot);
    const auto& bounds = id.layout->bounds;
    Writers::Increase(run[BucketIndex(bounds, value)], 1);
    Writers::IncreaseReal(run[bounds.size() + 1], value);
  }

 protected:
  BasicShard() = default;
  ~BasicShard() = default;

  SlotTable table_;
};

// The metrics of one worker. Owned by the Registry; only that worker's thread may call.
class Shard final : public BasicShard<SingleWriter> {
  friend class Registry;
};

// The metrics of every thread that is not a worker. Owned by the Registry; any thread may call.
class SharedShard final : public BasicShard<ManyWriters> {
 public:
  using BasicShard::Add;
  void Add(GaugeId id, double n) { ManyWriters::IncreaseReal(table_.Slot(id.slot), n); }
  void Set(GaugeId id, double value) {
    table_.Slot(id.slot).store(std::bit_cast<std::uint64_t>(value), std::memory_order_relaxed);
  }

 private:
  friend class Registry;
};

}  // namespace meshhost
