// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meshhost {

class Registry;

// How the host does: calls, those that failed by the server's fault, and their durations, summed up
// since its start. Plain value.
class Vitals final {
 public:
  // Plain value.
  struct Rates {
    uint64_t calls = 0;
    double error_ratio = 0;  // of calls
    double p99_seconds = 0;  // upper bound of the bucket; infinity beyond the last
  };

  // From the metrics of all listeners. Any thread.
  static Vitals Read(const Registry& registry);

  // What happened between an earlier reading and this one.
  Rates Since(const Vitals& earlier) const;

 private:
  struct Bucket {
    double upper_bound;
    uint64_t cumulative_count;
  };

  uint64_t calls_ = 0;
  uint64_t errors_ = 0;
  std::vector<Bucket> buckets_;
};

// Whether `now` is clearly worse than `before`, in words; nothing when it is not, or when there
// were too few calls to tell.
[[nodiscard]] std::optional<std::string> Worse(const Vitals::Rates& before,
                                               const Vitals::Rates& now);

}  // namespace meshhost
