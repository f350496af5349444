// SPDX-License-Identifier: Apache-2.0
#include "host/call/chain.h"

namespace meshhost {
namespace {

size_t RoundUp(size_t n) {
  constexpr size_t kAlign = alignof(std::max_align_t);
  return (n + kAlign - 1) / kAlign * kAlign;
}

}  // namespace

Chain::Chain(const std::vector<Filter*>& filters) {
  links_.reserve(filters.size());
  for (Filter* filter : filters) {
    links_.push_back({filter, static_cast<uint32_t>(state_bytes_), filter->sees_messages()});
    state_bytes_ += RoundUp(filter->state_size());
    sees_messages_ = sees_messages_ || filter->sees_messages();
  }
}

}  // namespace meshhost
