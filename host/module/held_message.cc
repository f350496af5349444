// SPDX-License-Identifier: Apache-2.0
#include "host/module/held_message.h"

#include <cstring>

namespace meshhost {

void HeldMessage::Hold(const Message& message) {
  flags_ = message.flags;
  for (std::uint32_t i = 0; i < message.n; ++i) {
    const Slice& slice = message.v[i];
    if (slice.n == 0) continue;
    if (slice.owner != nullptr) {
      slice.owner->retain(slice.owner);
      slices_.push_back(slice);
      continue;
    }
    Block* block = Block::New(slice.n);
    std::memcpy(block->data(), slice.p, slice.n);
    slices_.push_back({block->data(), slice.n, block->owner()});
  }
}

HeldMessage::~HeldMessage() {
  for (const Slice& slice : slices_) slice.owner->release(slice.owner);
}

}  // namespace meshhost
