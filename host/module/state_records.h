// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "meshhost/abi/base.h"

namespace meshhost {

// What one generation of a module hands to the next (mh.state/1), on its way between the two.
// Copied: the old generation may be gone before the new one has read it all. On the stack of a
// hand-over; control thread.
class StateRecords final {
 public:
  explicit StateRecords(std::uint64_t limit) : limit_(limit) {}

  // mh_state_1's sink; `self` is a StateRecords. MH_FAILED: the limit is reached.
  static mh_rc Sink(void* self, const mh_msg* record) noexcept;

  const std::vector<std::string>& all() const { return records_; }
  std::uint64_t bytes() const { return bytes_; }
  bool over_limit() const { return over_limit_; }

 private:
  mh_rc Add(const mh_msg& record);

  const std::uint64_t limit_;
  std::vector<std::string> records_;
  std::uint64_t bytes_ = 0;
  bool over_limit_ = false;
};

}  // namespace meshhost
