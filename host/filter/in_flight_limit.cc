// SPDX-License-Identifier: Apache-2.0
#include "host/filter/in_flight_limit.h"

#include <algorithm>

namespace meshhost {
namespace {

constexpr int64_t kMaxBatch = 32;

// A worker holds at most two batches, so all of them at most 1/16 of the limit.
int64_t BatchOf(uint32_t limit, uint32_t workers) {
  return std::clamp<int64_t>(limit / (int64_t{32} * std::max(workers, 1u)), 1, kMaxBatch);
}

}  // namespace

InFlightLimit::InFlightLimit(uint32_t limit, uint32_t workers)
    : batch_(BatchOf(limit, workers)),
      keep_(batch_ == 1 ? 0 : 2 * batch_),
      reserves_(workers),
      free_(limit) {}

bool InFlightLimit::AcquireBatch(int64_t& reserve) {
  int64_t free = free_.load(std::memory_order_relaxed);
  int64_t taken = 0;
  do {
    taken = std::min(batch_, free);
    if (taken <= 0) return false;
  } while (!free_.compare_exchange_weak(free, free - taken, std::memory_order_relaxed));
  reserve += taken - 1;
  return true;
}

void InFlightLimit::ReleaseBatch(int64_t& reserve) {
  reserve -= batch_;
  free_.fetch_add(batch_, std::memory_order_relaxed);
}

}  // namespace meshhost
