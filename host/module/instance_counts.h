// SPDX-License-Identifier: Apache-2.0
//
// What one generation of a module still holds, or is held of it. The unload gate opens on these
// numbers, not on hope.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "host/module/lent_message.h"

namespace meshhost {

// Calls of one instance, counted by the worker that serves them with plain loads and stores, so
// that workers do not share a cache line. Any thread may read the sum; it is exact once no calls
// begin.
class CallCounts final {
 public:
  explicit CallCounts(std::uint32_t workers)
      : workers_(workers), counts_(std::make_unique<Count[]>(workers)) {}

  void Begin(std::uint32_t worker) { Increase(counts_[worker].begun); }
  void End(std::uint32_t worker) { Increase(counts_[worker].ended); }

  std::uint64_t begun() const {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < workers_; ++i) sum += Read(counts_[i].begun);
    return sum;
  }
  std::uint64_t open() const {
    // `ended` first: a call that ends in between must not make the difference negative.
    std::uint64_t ended = 0;
    for (std::uint32_t i = 0; i < workers_; ++i) ended += Read(counts_[i].ended);
    return begun() - ended;
  }

 private:
  struct alignas(64) Count {
    std::atomic<std::uint64_t> begun{0};
    std::atomic<std::uint64_t> ended{0};
  };

  static void Increase(std::atomic<std::uint64_t>& value) {
    value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  static std::uint64_t Read(const std::atomic<std::uint64_t>& value) {
    return value.load(std::memory_order_acquire);
  }

  std::uint32_t workers_;
  std::unique_ptr<Count[]> counts_;
};

// All counters of one instance. Owned by it; any thread.
struct InstanceCounts {
  explicit InstanceCounts(std::uint32_t workers) : calls(workers), blocks(workers) {}

  CallCounts calls;
  std::atomic<std::int64_t> posted{0};   // mh.exec/1 post: queued or running
  std::atomic<std::int64_t> threads{0};  // made by mh.exec/1 and still running
  std::atomic<std::int64_t> slices{0};   // of the module's own memory, held by the host
  LentBlocks blocks;                     // of the host's memory, held by the module

  // "2 calls, 1 thread"; empty when all are zero. Timers are counted by their pool.
  std::string ToString(std::size_t timers) const;
};

}  // namespace meshhost
