// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/byte_ring.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace meshhost {

// Not value-initialised: pages of a ring that is never filled are never touched.
ByteRing::ByteRing(std::size_t capacity)
    : capacity_(std::bit_ceil(capacity)), bytes_(new char[capacity_]) {}

bool ByteRing::Push(std::string_view bytes) {
  const std::uint64_t pushed = pushed_.load(std::memory_order_relaxed);
  if (pushed - popped_seen_ + bytes.size() > capacity_) {
    popped_seen_ = popped_.load(std::memory_order_acquire);
    if (pushed - popped_seen_ + bytes.size() > capacity_) return false;
  }
  const std::size_t at = pushed & (capacity_ - 1);
  const std::size_t first = std::min(bytes.size(), capacity_ - at);
  std::memcpy(bytes_.get() + at, bytes.data(), first);
  std::memcpy(bytes_.get(), bytes.data() + first, bytes.size() - first);
  pushed_.store(pushed + bytes.size(), std::memory_order_release);
  return true;
}

std::pair<std::string_view, std::string_view> ByteRing::Peek() const {
  const std::uint64_t popped = popped_.load(std::memory_order_relaxed);
  const std::size_t size = pushed_.load(std::memory_order_acquire) - popped;
  const std::size_t at = popped & (capacity_ - 1);
  const std::size_t first = std::min(size, capacity_ - at);
  return {{bytes_.get() + at, first}, {bytes_.get(), size - first}};
}

void ByteRing::Pop(std::size_t bytes) {
  popped_.store(popped_.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
}

}  // namespace meshhost
