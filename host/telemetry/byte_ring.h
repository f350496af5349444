// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace meshhost {

// A bounded queue of bytes from one thread to another, without locks. Owned by what both threads
// share; Push() belongs to the producer, Peek() and Pop() to the consumer.
class ByteRing final {
 public:
  // Capacity is rounded up to a power of two.
  explicit ByteRing(std::size_t capacity);

  // All of `bytes`, or nothing when there is no room.
  bool Push(std::string_view bytes);

  // What can be popped now; the second part follows the first.
  std::pair<std::string_view, std::string_view> Peek() const;
  void Pop(std::size_t bytes);

 private:
  const std::size_t capacity_;
  const std::unique_ptr<char[]> bytes_;
  // Running totals; on lines of their own, since each is written by one thread and read by the
  // other.
  alignas(64) std::atomic<std::uint64_t> pushed_ = 0;
  std::uint64_t popped_seen_ = 0;  // producer's last view of popped_
  alignas(64) std::atomic<std::uint64_t> popped_ = 0;
};

}  // namespace meshhost
