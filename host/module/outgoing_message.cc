// SPDX-License-Identifier: Apache-2.0
#include "host/module/outgoing_message.h"

#include <algorithm>

#include "host/module/lent_message.h"

namespace meshhost {
namespace {

// The host's share in one buffer of a module.
struct ModuleBuffer {
  mh_buf abi;  // first: the host sees it as the owner of the slice
  std::atomic<std::uint32_t> references;
  mh_buf* inner;
  std::atomic<std::int64_t>& held;
};

void RetainBuffer(mh_buf* owner) {
  reinterpret_cast<ModuleBuffer*>(owner)->references.fetch_add(1, std::memory_order_relaxed);
}

void ReleaseBuffer(mh_buf* owner) {
  auto* buffer = reinterpret_cast<ModuleBuffer*>(owner);
  if (buffer->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  buffer->inner->release(buffer->inner);
  // Last: from here on the module may be unmapped.
  buffer->held.fetch_sub(1, std::memory_order_release);
  delete buffer;
}

mh_buf* WrapOwner(mh_buf* inner, std::atomic<std::int64_t>& held) {
  held.fetch_add(1, std::memory_order_relaxed);
  inner->retain(inner);
  auto* buffer = new ModuleBuffer{{RetainBuffer, ReleaseBuffer}, {1}, inner, held};
  return &buffer->abi;
}

using RetainFunction = void (*)(mh_buf*);

// What the owners of the host's own blocks look like.
RetainFunction HostRetain() {
  Block* block = Block::New(0);
  const RetainFunction retain = block->owner()->retain;
  block->Release();
  return retain;
}

// Of the module, or of the host but with the owner that the module knows it by.
bool IsForeign(const Slice& slice) {
  static const RetainFunction host_retain = HostRetain();
  return slice.owner != nullptr && slice.owner->retain != host_retain;
}

}  // namespace

OutgoingMessage::OutgoingMessage(const mh_msg& from, std::atomic<std::int64_t>& held)
    : message_(from) {
  if (std::none_of(from.v, from.v + from.n, IsForeign)) return;
  slices_.assign(from.v, from.v + from.n);
  for (Slice& slice : slices_) {
    slice.owner = LentBlocks::Original(slice.owner);
    if (IsForeign(slice)) slice.owner = WrapOwner(slice.owner, held);
  }
  message_.v = slices_.data();
}

OutgoingMessage::~OutgoingMessage() {
  for (const Slice& slice : slices_) {
    if (slice.owner != nullptr && slice.owner->release == ReleaseBuffer) ReleaseBuffer(slice.owner);
  }
}

}  // namespace meshhost
