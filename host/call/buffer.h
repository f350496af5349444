// SPDX-License-Identifier: Apache-2.0
//
// Bytes on their way through the host. The value types are the module ABI's frozen ones, so that a
// message reaches a module without conversion: what the socket filled is what the module reads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "meshhost/abi/base.h"

namespace meshhost {

using Slice = mh_slice;  // bytes; owner null: only for the duration of the call that passes it
using Message = mh_msg;  // one message in slices

inline std::string_view ToView(mh_str text) { return {text.p, text.n}; }
inline mh_str ToAbi(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToView(const Slice& slice) {
  return {reinterpret_cast<const char*>(slice.p), slice.n};
}
inline Slice BorrowedSlice(std::string_view bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), nullptr};
}

inline size_t MessageSize(const Message& message) {
  size_t total = 0;
  for (uint32_t i = 0; i < message.n; ++i) total += message.v[i].n;
  return total;
}

// Writable memory with a count of who holds it. Freed by the last Release, on any thread.
class Block final {
 public:
  // With one reference, held by the caller.
  static Block* New(size_t capacity);

  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
  size_t capacity() const { return capacity_; }
  mh_buf* owner() { return &abi_; }
  void Retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Release();
  // True when nobody but the caller holds it: its bytes may be written again.
  bool unique() const { return references_.load(std::memory_order_acquire) == 1; }

 private:
  explicit Block(size_t capacity);

  mh_buf abi_;  // first: the module sees the block as its mh_buf
  std::atomic<uint32_t> references_{1};
  size_t capacity_;
};

// A slice that is kept: holds a reference to the owner.
class HeldSlice final {
 public:
  HeldSlice() = default;
  // Retains the owner, or copies when there is none.
  explicit HeldSlice(const Slice& slice);
  // One contiguous copy of all slices of a message.
  static HeldSlice CopyOf(const Message& message);
  HeldSlice(HeldSlice&& other) noexcept : slice_(std::exchange(other.slice_, Slice{})) {}
  HeldSlice& operator=(HeldSlice&& other) noexcept {
    std::swap(slice_, other.slice_);
    return *this;
  }
  ~HeldSlice() {
    if (slice_.owner != nullptr) slice_.owner->release(slice_.owner);
  }

  const Slice& slice() const { return slice_; }
  bool empty() const { return slice_.n == 0; }

 private:
  Slice slice_{};
};

}  // namespace meshhost
