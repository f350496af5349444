// SPDX-License-Identifier: Apache-2.0
#include "host/module/remote_op.h"

namespace meshhost {

void RemoteOps::Push(std::unique_ptr<RemoteOp> op) {
  RemoteOp* newest = op.release();
  RemoteOp* before = pushed_.load(std::memory_order_relaxed);
  do {
    // release() before reset(): a failed exchange must not free what another thread pushed.
    (void)newest->next.release();
    newest->next.reset(before);
  } while (!pushed_.compare_exchange_weak(before, newest, std::memory_order_release,
                                          std::memory_order_relaxed));
}

void RemoteOps::Collect() {
  std::unique_ptr<RemoteOp> newest(pushed_.exchange(nullptr, std::memory_order_acquire));
  if (newest == nullptr) return;
  RemoteOp* last = newest.get();
  std::unique_ptr<RemoteOp> oldest;
  while (newest != nullptr) {
    std::unique_ptr<RemoteOp> rest = std::move(newest->next);
    newest->next = std::move(oldest);
    oldest = std::move(newest);
    newest = std::move(rest);
  }
  if (front_ == nullptr) {
    front_ = std::move(oldest);
  } else {
    back_->next = std::move(oldest);
  }
  back_ = last;
}

void RemoteOps::PopFront() { front_ = std::move(front_->next); }

RemoteOps::~RemoteOps() {
  Collect();
  // One by one: a long list must not recurse through its destructors.
  while (front_ != nullptr) PopFront();
}

}  // namespace meshhost
