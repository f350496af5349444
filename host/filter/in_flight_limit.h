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

// Owned by the FilterStack of a generation. Acquire() and Release() on the worker they name.
class InFlightLimit final {
 public:
  InFlightLimit(uint32_t limit, uint32_t workers);

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
    if (++reserve > keep_) ReleaseBatch(reserve);
  }

 private:
  // Each on a cache line of its own; only its worker touches it.
  struct alignas(64) Reserve {
    int64_t free = 0;
  };

  bool AcquireBatch(int64_t& reserve);
  void ReleaseBatch(int64_t& reserve);

  const int64_t batch_;
  const int64_t keep_;  // a reserve above this gives back
  std::vector<Reserve> reserves_;
  alignas(64) std::atomic<int64_t> free_;
};

}  // namespace meshhost
