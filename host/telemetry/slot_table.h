// SPDX-License-Identifier: Apache-2.0
//
// The storage of one shard: 64-bit slots in chunks that never move. The Registry adds a chunk to
// all shards before it hands out a handle that points into it, so a writer that holds a handle
// needs no check, and adding series never disturbs writers. A flat vector was dropped because
// growing it would move slots under the writers; one allocation per series because neighbours would
// share cache lines between threads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace meshhost {

// Owned by a shard. Slot(): any thread. AddChunk(): under the Registry's mutex.
class SlotTable final {
 public:
  static constexpr std::uint32_t kChunkSlots = 1024;
  static constexpr std::uint32_t kMaxChunks = 4096;

  SlotTable() = default;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable() {
    for (auto& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t>& Slot(std::uint32_t slot) const {
    // Relaxed is enough: whoever passed us the handle also passed on the chunk's publication.
    Chunk* chunk = chunks_[slot / kChunkSlots].load(std::memory_order_relaxed);
    return chunk->slots[slot % kChunkSlots];
  }

  // A run of slots of one series; a run never crosses the end of a chunk.
  std::atomic<std::uint64_t>* Run(std::uint32_t slot) const { return &Slot(slot); }

  void AddChunk(std::uint32_t index) {
    chunks_[index].store(std::make_unique<Chunk>().release(), std::memory_order_release);
  }

 private:
  struct alignas(64) Chunk {
    std::array<std::atomic<std::uint64_t>, kChunkSlots> slots{};
  };

  std::array<std::atomic<Chunk*>, kMaxChunks> chunks_{};
};

}  // namespace meshhost
