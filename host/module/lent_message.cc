// SPDX-License-Identifier: Apache-2.0
#include "host/module/lent_message.h"

#include <utility>

namespace meshhost {

struct LentBlock {
  mh_buf abi;  // first: the module sees the block as its mh_buf
  std::atomic<std::uint32_t> references{1};
  mh_buf* owner = nullptr;  // holds a reference to it once the message that lent it is gone
  LentBlocks* lender = nullptr;
  LentBlock* next = nullptr;  // idle
};

namespace {

void Retain(mh_buf* lent) {
  reinterpret_cast<LentBlock*>(lent)->references.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

LentBlocks::LentBlocks(std::uint32_t workers)
    : workers_(workers), idle_(std::make_unique<Idle[]>(workers)) {}

LentBlocks::~LentBlocks() {
  for (std::uint32_t i = 0; i < workers_; ++i) {
    while (LentBlock* block = idle_[i].first) {
      idle_[i].first = block->next;
      delete block;
    }
  }
}

LentBlock* LentBlocks::Lend(mh_buf* owner, int worker) {
  LentBlock* block = worker < 0 ? nullptr : idle_[static_cast<std::uint32_t>(worker)].first;
  if (block == nullptr) {
    block = new LentBlock{{Retain, Release}};
    block->lender = this;
  } else {
    idle_[static_cast<std::uint32_t>(worker)].first = block->next;
  }
  block->owner = owner;
  return block;
}

mh_buf* LentBlocks::Give(mh_buf* owner) {
  LentBlock* block = Lend(owner, /*worker=*/-1);
  held_.fetch_add(1, std::memory_order_relaxed);
  return &block->abi;
}

mh_buf* LentBlocks::Original(mh_buf* owner) {
  if (owner == nullptr || owner->release != Release) return owner;
  return reinterpret_cast<LentBlock*>(owner)->owner;
}

void LentBlocks::Release(mh_buf* lent) {
  auto* block = reinterpret_cast<LentBlock*>(lent);
  if (block->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  LentBlocks* const lender = block->lender;
  block->owner->release(block->owner);
  delete block;
  // Last: from here on the instance may be gone.
  lender->held_.fetch_sub(1, std::memory_order_release);
}

void LentBlocks::TakeBack(LentBlock* block, int worker) {
  if (block->references.load(std::memory_order_acquire) == 1) {
    if (worker < 0) {
      delete block;
      return;
    }
    Idle& idle = idle_[static_cast<std::uint32_t>(worker)];
    block->next = std::exchange(idle.first, block);
    return;
  }
  // The module keeps it, or did until just now.
  block->owner->retain(block->owner);
  held_.fetch_add(1, std::memory_order_relaxed);
  Release(&block->abi);
}

LentMessage::LentMessage(const Message& from, LentBlocks& lender, int worker)
    : message_(from), lender_(lender), worker_(worker) {
  for (std::uint32_t i = 0; i < from.n; ++i) {
    mh_buf* const owner = from.v[i].owner;
    if (owner == nullptr) continue;
    if (slices_.empty()) {
      slices_.assign(from.v, from.v + from.n);
      message_.v = slices_.data();
    }
    if (blocks_.empty() || LentBlocks::Original(&blocks_.back()->abi) != owner) {
      blocks_.push_back(lender.Lend(owner, worker));
    }
    slices_[i].owner = &blocks_.back()->abi;
  }
}

LentMessage::~LentMessage() {
  for (LentBlock* block : blocks_) lender_.TakeBack(block, worker_);
}

}  // namespace meshhost
