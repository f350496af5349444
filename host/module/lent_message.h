// SPDX-License-Identifier: Apache-2.0
//
// Host memory in the hands of a module. The ABI lets a module keep bytes by retaining their owner;
// the owners that it sees stand in front of the host's own, so that what it keeps is counted for
// its generation, apart from what the host keeps of the same memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/container/inlined_vector.h"
#include "host/call/buffer.h"

namespace meshhost {

struct LentBlock;

// What one instance has been lent. Part of its InstanceCounts; any thread, except where a function
// says otherwise.
class LentBlocks final {
 public:
  explicit LentBlocks(std::uint32_t workers);
  ~LentBlocks();
  LentBlocks(const LentBlocks&) = delete;
  LentBlocks& operator=(const LentBlocks&) = delete;

  // Blocks that the module holds beyond the call that passed them, or was given.
  std::int64_t held() const { return held_.load(std::memory_order_acquire); }
  // Takes over a reference to `owner`. The module is to release what this returns.
  mh_buf* Give(mh_buf* owner);
  // What the host knows `owner` as: the inverse of lending; others as they are.
  static mh_buf* Original(mh_buf* owner);

 private:
  friend class LentMessage;
  struct alignas(64) Idle {
    LentBlock* first = nullptr;  // of one worker, which uses them again and again
  };

  LentBlock* Lend(mh_buf* owner, int worker);
  void TakeBack(LentBlock* block, int worker);
  static void Release(mh_buf* lent);

  std::atomic<std::int64_t> held_{0};
  const std::uint32_t workers_;
  std::unique_ptr<Idle[]> idle_;
};

// A message as it is passed to a module. On the stack around one crossing; what the module retains
// lives on after it.
class LentMessage final {
 public:
  // `worker`: whose thread this is, or Crossing::kNoWorker. Both outlive this.
  LentMessage(const Message& from, LentBlocks& lender, int worker);
  ~LentMessage();
  LentMessage(const LentMessage&) = delete;
  LentMessage& operator=(const LentMessage&) = delete;

  const Message& message() const { return message_; }

 private:
  Message message_;
  LentBlocks& lender_;
  const int worker_;
  absl::InlinedVector<Slice, 4> slices_;  // empty: nobody owns any of its bytes
  absl::InlinedVector<LentBlock*, 2> blocks_;
};

}  // namespace meshhost
