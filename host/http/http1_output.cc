// SPDX-License-Identifier: Apache-2.0
#include "host/http/http1_output.h"

#include <algorithm>
#include <cstring>

namespace meshhost {

WriteBlocks::~WriteBlocks() {
  for (Block* block : idle_) block->Release();
}

Block* WriteBlocks::Take(size_t capacity) {
  if (capacity > kBytes) return Block::New(capacity);
  if (idle_.empty()) return Block::New(kBytes);
  Block* block = idle_.back();
  idle_.pop_back();
  return block;
}

void WriteBlocks::Give(Block* block) {
  if (block->capacity() == kBytes && idle_.size() < kMaxIdle) return idle_.push_back(block);
  block->Release();
}

char* Http1Output::Reserve(size_t n) {
  if (tail_ == nullptr || tail_->capacity() - used_ < n) {
    if (tail_ != nullptr) GiveUp(tail_);
    tail_ = blocks_.Take(n);
    used_ = 0;
  }
  return reinterpret_cast<char*>(tail_->data() + used_);
}

void Http1Output::Commit(size_t n) {
  if (n == 0) return;
  const uint8_t* const begin = tail_->data() + used_;
  used_ += n;
  size_ += n;
  if (first_ < pieces_.size() && pieces_.back().block == tail_) {
    pieces_.back().n += n;
    return;
  }
  tail_->Retain();
  pieces_.push_back({begin, n, nullptr, tail_});
}

void Http1Output::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
  Commit(bytes.size());
}

void Http1Output::Append(const Slice& slice) {
  if (slice.owner == nullptr || slice.n < kHoldFrom) return Append(ToView(slice));
  slice.owner->retain(slice.owner);
  pieces_.push_back({slice.p, slice.n, slice.owner, nullptr});
  size_ += slice.n;
}

size_t Http1Output::Gather(std::span<iovec> to) const {
  const size_t n = std::min(to.size(), pieces_.size() - first_);
  for (size_t i = 0; i < n; ++i) {
    const Piece& piece = pieces_[first_ + i];
    to[i] = {const_cast<uint8_t*>(piece.begin), piece.n};
  }
  return n;
}

void Http1Output::Pop(size_t n) {
  size_ -= n;
  while (n > 0) {
    Piece& piece = pieces_[first_];
    if (n < piece.n) {
      piece.begin += n;
      piece.n -= n;
      break;
    }
    n -= piece.n;
    DropFirst();
  }
  if (size_ > 0) {
    // A stream that never runs dry must not collect what it has written.
    if (first_ >= 64) {
      pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(first_));
      first_ = 0;
    }
    return;
  }
  pieces_.clear();
  first_ = 0;
  if (tail_ != nullptr) GiveUp(tail_);
  tail_ = nullptr;
}

void Http1Output::DropFirst() {
  const Piece& piece = pieces_[first_++];
  if (piece.owner != nullptr) return piece.owner->release(piece.owner);
  GiveUp(piece.block);
}

// One reference of ours goes; the last one goes back to the pool.
void Http1Output::GiveUp(Block* block) {
  if (block->unique()) return blocks_.Give(block);
  block->Release();
}

void Http1Output::Clear() {
  Pop(size_);
  if (tail_ != nullptr) GiveUp(tail_);
  tail_ = nullptr;
}

}  // namespace meshhost
