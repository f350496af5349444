// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/latency_histogram.h"

#include <bit>

namespace meshhost::bench {

uint64_t LatencyHistogram::Percentile(double fraction) const {
  const auto wanted = static_cast<uint64_t>(fraction * static_cast<double>(total_));
  uint64_t seen = 0;
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen > wanted) return UpperBound(bucket);
  }
  return 0;
}

int LatencyHistogram::BucketOf(uint64_t value) {
  if (value < (1u << kSubBits)) return static_cast<int>(value);
  const int shift = std::bit_width(value) - kSubBits - 1;
  // The top bit of `value >> shift` is always set and selects the power of two.
  return (shift << kSubBits) + static_cast<int>(value >> shift);
}

uint64_t LatencyHistogram::UpperBound(int bucket) {
  if (bucket < (2 << kSubBits)) return static_cast<uint64_t>(bucket);
  const int shift = (bucket >> kSubBits) - 1;
  const uint64_t top = static_cast<uint64_t>(bucket) - (static_cast<uint64_t>(shift) << kSubBits);
  return ((top + 1) << shift) - 1;
}

}  // namespace meshhost::bench
