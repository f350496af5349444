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

int64_t KeepOf(int64_t batch) { return batch == 1 ? 0 : 2 * batch; }

}  // namespace

InFlightLimit::InFlightLimit(uint32_t limit, uint32_t workers)
    : workers_(workers),
      limit_(limit),
      batch_(BatchOf(limit, workers)),
      keep_(KeepOf(batch_)),
      reserves_(workers),
      free_(limit) {}

void InFlightLimit::Set(uint32_t limit) {
  const int64_t batch = BatchOf(limit, workers_);
  batch_.store(batch, std::memory_order_relaxed);
  keep_.store(KeepOf(batch), std::memory_order_relaxed);
  free_.fetch_add(int64_t{limit} - limit_, std::memory_order_relaxed);
  limit_ = limit;
}

bool InFlightLimit::AcquireBatch(int64_t& reserve) {
  const int64_t batch = batch_.load(std::memory_order_relaxed);
  int64_t free = free_.load(std::memory_order_relaxed);
  int64_t taken = 0;
  do {
    taken = std::min(batch, free);
    if (taken <= 0) return false;
  } while (!free_.compare_exchange_weak(free, free - taken, std::memory_order_relaxed));
  reserve += taken - 1;
  return true;
}

void InFlightLimit::ReleaseBatch(int64_t& reserve) {
  // More than a batch when the limit has become smaller since.
  const int64_t given = std::max(batch_.load(std::memory_order_relaxed),
                                 reserve - keep_.load(std::memory_order_relaxed));
  reserve -= given;
  free_.fetch_add(given, std::memory_order_relaxed);
}

}  // namespace meshhost
