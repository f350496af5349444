// SPDX-License-Identifier: Apache-2.0
//
// A limit on calls in flight, shared by all workers. One atomic counter would be a cache line that
// all workers fight for on each call, so a large limit is handed to workers in batches: most calls
// then touch memory of their worker only. What workers hold in reserve is missing elsewhere, so a
// large limit may be reached a little early, at most by 1/16, but it is never exceeded. Small
// limits are exact.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace meshhost {

// Acquire() and Release() on the worker they name.
class InFlightLimit final {
 public:
  InFlightLimit(uint32_t limit, uint32_t workers);

  // Changes the limit; calls beyond a smaller one run on. Control thread.
  void Set(uint32_t limit);

  // True when the call may start; then Release() is owed on the same worker.
  bool Acquire(uint32_t worker) {
    int64_t& reserve = reserves_[worker].free;
    if (reserve > 0) [[likely]] {
      --reserve;
      return true;
    }
    return AcquireBatch(reserve);
  }

  void Release(uint32_t worker) {
    int64_t& reserve = reserves_[worker].free;
    if (++reserve > keep_.load(std::memory_order_relaxed)) ReleaseBatch(reserve);
  }

 private:
  // Each on a cache line of its own; only its worker touches it.
  struct alignas(64) Reserve {
    int64_t free = 0;
  };

  bool AcquireBatch(int64_t& reserve);
  void ReleaseBatch(int64_t& reserve);

  const uint32_t workers_;
  uint32_t limit_;  // control thread
  std::atomic<int64_t> batch_;
  std::atomic<int64_t> keep_;  // a reserve above this gives back
  std::vector<Reserve> reserves_;
  alignas(64) std::atomic<int64_t> free_;
};

}  // namespace meshhost
