// SPDX-License-Identifier: Apache-2.0
#include "host/call/byte_queue.h"

#include <algorithm>
#include <cstring>

namespace meshhost {
namespace {

constexpr size_t kSmallBlock = 512;
constexpr size_t kLargeBlock = 16 * 1024;

}  // namespace

ByteQueue::~ByteQueue() { Clear(); }

void ByteQueue::Push(const Piece& piece) {
  size_ += piece.n;
  if (first_.owner == nullptr) {
    first_ = piece;
    return;
  }
  if (rest_ == nullptr) rest_ = std::make_unique<std::deque<Piece>>();
  rest_->push_back(piece);
}

// Room for n bytes right behind the last piece, which grows by them; null when a new piece is due.
uint8_t* ByteQueue::TailSpace(size_t n) {
  if (tail_ == nullptr || tail_->capacity() - tail_used_ < n) return nullptr;
  Piece& last = rest_ != nullptr && !rest_->empty() ? rest_->back() : first_;
  uint8_t* space = tail_->data() + tail_used_;
  tail_used_ += n;
  last.n += n;
  size_ += n;
  return space;
}

void ByteQueue::AppendCopy(const void* bytes, size_t n) {
  if (n == 0) return;
  uint8_t* space = TailSpace(n);
  if (space == nullptr) {
    const size_t usual = size_ == 0 ? kSmallBlock : kLargeBlock;
    tail_ = Block::New(std::max(usual, n));
    tail_used_ = n;
    space = tail_->data();
    Push({space, n, tail_->owner()});
  }
  std::memcpy(space, bytes, n);
}

void ByteQueue::Append(const Slice& slice) {
  if (slice.n == 0) return;
  if (slice.owner == nullptr || slice.n < kHoldFrom) {
    AppendCopy(slice.p, slice.n);
    return;
  }
  slice.owner->retain(slice.owner);
  tail_ = nullptr;
  Push({slice.p, slice.n, slice.owner});
}

Slice ByteQueue::Front() const { return {first_.begin, first_.n, first_.owner}; }

void ByteQueue::Pop(size_t n) {
  size_ -= n;
  while (n > 0) {
    const size_t taken = std::min(n, first_.n);
    first_.begin += taken;
    first_.n -= taken;
    n -= taken;
    if (first_.n > 0) return;
    const bool last = rest_ == nullptr || rest_->empty();
    if (last) tail_ = nullptr;  // about to be released
    first_.owner->release(first_.owner);
    first_ = Piece{nullptr, 0, nullptr};
    if (last) return;
    first_ = rest_->front();
    rest_->pop_front();
  }
}

size_t ByteQueue::Read(uint8_t* to, size_t n) {
  size_t copied = 0;
  while (copied < n && size_ > 0) {
    const size_t step = std::min(n - copied, first_.n);
    std::memcpy(to + copied, first_.begin, step);
    copied += step;
    Pop(step);
  }
  return copied;
}

void ByteQueue::Clear() { Pop(size_); }

}  // namespace meshhost
