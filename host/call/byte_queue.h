// SPDX-License-Identifier: Apache-2.0
//
// ByteQueue: bytes waiting to be written, in order. Small pieces are copied together, so that a
// stream of small messages leaves as few frames and one write; large pieces with an owner are held
// instead of copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "host/call/buffer.h"

namespace meshhost {

// Not thread-safe.
class ByteQueue final {
 public:
  // From this size on a slice with an owner is held, not copied.
  static constexpr size_t kHoldFrom = 2048;

  ByteQueue() = default;
  ~ByteQueue();
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  void Append(const Slice& slice);
  void AppendCopy(const void* bytes, size_t n);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The first contiguous bytes; empty when the queue is.
  Slice Front() const;
  // Drops n bytes from the front; n <= size().
  void Pop(size_t n);
  // Copies up to n bytes from the front and drops them; returns how many.
  size_t Read(uint8_t* to, size_t n);
  void Clear();

 private:
  struct Piece {
    const uint8_t* begin;
    size_t n;
    mh_buf* owner;  // one reference
  };

  uint8_t* TailSpace(size_t n);
  void Push(const Piece& piece);

  // The common case, one small answer, needs only `first_`: no deque is made until a second piece.
  Piece first_{nullptr, 0, nullptr};
  std::unique_ptr<std::deque<Piece>> rest_;
  Block* tail_ = nullptr;  // block that the last piece ends in, when it may still grow
  size_t tail_used_ = 0;
  size_t size_ = 0;
};

}  // namespace meshhost
