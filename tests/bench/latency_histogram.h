// SPDX-License-Identifier: Apache-2.0
//
// Latencies of a load run in bounded memory: buckets grow with the value (64 to each power of two),
// so that any percentile is within 1.6 % whatever the range, and a record costs a few instructions.

#pragma once

#include <array>
#include <cstdint>

namespace meshhost::bench {

// Counts microseconds. A value type of one thread.
class LatencyHistogram final {
 public:
  void Record(uint64_t microseconds) {
    ++counts_[BucketOf(microseconds)];
    ++total_;
  }

  // The upper bound of the bucket where `fraction` (0..1) of the records is reached; 0 when empty.
  uint64_t Percentile(double fraction) const;

 private:
  static constexpr int kSubBits = 6;
  static constexpr int kBuckets = (64 - kSubBits + 1) << kSubBits;

  static int BucketOf(uint64_t value);
  static uint64_t UpperBound(int bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t total_ = 0;
};

}  // namespace meshhost::bench
