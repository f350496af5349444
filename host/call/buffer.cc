// SPDX-License-Identifier: Apache-2.0
#include "host/call/buffer.h"

#include <cstdlib>
#include <new>

namespace meshhost {
namespace {

// mh_buf is the first member of the standard-layout Block, so the pointers are interchangeable.
Block* FromAbi(mh_buf* owner) { return reinterpret_cast<Block*>(owner); }

}  // namespace

Block::Block(size_t capacity)
    : abi_{[](mh_buf* owner) { FromAbi(owner)->Retain(); },
           [](mh_buf* owner) { FromAbi(owner)->Release(); }},
      capacity_(capacity) {}

Block* Block::New(size_t capacity) {
  void* memory = std::malloc(sizeof(Block) + capacity);
  if (memory == nullptr) throw std::bad_alloc();
  return new (memory) Block(capacity);
}

void Block::Release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Block();
  std::free(this);
}

HeldSlice::HeldSlice(const Slice& slice) : slice_(slice) {
  if (slice.n == 0) {
    slice_ = Slice{};
    return;
  }
  if (slice.owner != nullptr) {
    slice.owner->retain(slice.owner);
    return;
  }
  Block* block = Block::New(slice.n);
  std::memcpy(block->data(), slice.p, slice.n);
  slice_ = Slice{block->data(), slice.n, block->owner()};
}

HeldSlice HeldSlice::CopyOf(const Message& message) {
  const size_t size = MessageSize(message);
  HeldSlice held;
  if (size == 0) return held;
  Block* block = Block::New(size);
  size_t at = 0;
  for (uint32_t i = 0; i < message.n; ++i) {
    if (message.v[i].n == 0) continue;
    std::memcpy(block->data() + at, message.v[i].p, message.v[i].n);
    at += message.v[i].n;
  }
  held.slice_ = Slice{block->data(), size, block->owner()};
  return held;
}

}  // namespace meshhost
