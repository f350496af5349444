// SPDX-License-Identifier: Apache-2.0
#include "host/http/request_body.h"

#include <algorithm>
#include <cstring>

namespace meshhost {

RequestBody::~RequestBody() {
  if (block_ != nullptr) block_->Release();
}

void RequestBody::Append(const Slice& piece, uint64_t expected) {
  if (piece.n == 0) return;
  if (size_ == 0 && piece.n == expected) {
    whole_ = HeldSlice(piece);
    size_ = piece.n;
    return;
  }
  Grow(size_ + piece.n, expected);
  std::memcpy(block_->data() + size_, piece.p, piece.n);
  size_ += piece.n;
}

// By doubling, and never for the mere promise of a long body.
void RequestBody::Grow(size_t needed, uint64_t expected) {
  if (block_ != nullptr && block_->capacity() >= needed) return;
  size_t capacity = std::max(needed * 2, size_t{4096});
  if (expected >= needed) capacity = std::min<uint64_t>(capacity, expected);
  Block* const larger = Block::New(capacity);
  if (block_ != nullptr) {
    std::memcpy(larger->data(), block_->data(), size_);
    block_->Release();
  }
  block_ = larger;
}

Slice RequestBody::slice() const {
  if (!whole_.empty()) return whole_.slice();
  if (block_ == nullptr) return {};
  return {block_->data(), size_, block_->owner()};
}

}  // namespace meshhost
