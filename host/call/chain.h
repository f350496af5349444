// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/call/filter.h"

namespace meshhost {

// The filters of one endpoint, in order. Composed once per deployment, immutable, any thread.
class Chain final {
 public:
  explicit Chain(const std::vector<Filter*>& filters);

  struct Link {
    Filter* filter;  // not owned; lives as long as the deployment
    uint32_t state_offset;
    bool sees_messages;
  };
  const std::vector<Link>& links() const { return links_; }
  size_t state_bytes() const { return state_bytes_; }
  bool sees_messages() const { return sees_messages_; }

 private:
  std::vector<Link> links_;
  size_t state_bytes_ = 0;
  bool sees_messages_ = false;
};

}  // namespace meshhost
