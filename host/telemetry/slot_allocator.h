// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "host/telemetry/metric_id.h"
#include "host/telemetry/slot_table.h"

namespace meshhost {

// Decides which slots a series gets, the same in all shards. Freed runs are kept by size and used
// again, so modules that come and go do not grow the shards. Owned and guarded by the Registry.
class SlotAllocator final {
 public:
  // First slot of a run that lies within one chunk; none when all chunks are taken. A run in chunk
  // chunks() - 1 may be new to the shards: the caller adds that chunk to them.
  std::optional<std::uint32_t> Take(std::uint32_t size) {
    std::vector<std::uint32_t>& free = free_[size];
    if (!free.empty()) {
      std::uint32_t slot = free.back();
      free.pop_back();
      return slot;
    }
    std::uint32_t left = SlotTable::kChunkSlots - next_ % SlotTable::kChunkSlots;
    std::uint32_t start = size <= left ? next_ : next_ + left;
    if (size > SlotTable::kChunkSlots || start + size > kMaxSlots) return std::nullopt;
    next_ = start + size;
    return start;
  }

  void Give(std::uint32_t slot, std::uint32_t size) { free_[size].push_back(slot); }

  // Chunks that hold at least one slot handed out so far.
  std::uint32_t chunks() const {
    return (next_ + SlotTable::kChunkSlots - 1) / SlotTable::kChunkSlots;
  }

 private:
  static constexpr std::uint32_t kMaxSlots = SlotTable::kChunkSlots * SlotTable::kMaxChunks;

  std::uint32_t next_ = kDiscardSlots;
  std::map<std::uint32_t, std::vector<std::uint32_t>> free_;
};

}  // namespace meshhost
