// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/module/held_message.h"
#include "host/module/outgoing_status.h"

namespace meshhost {

// One thing that a module asked of a call from a thread that is not the call's worker. Owns all its
// bytes. Plain value.
struct RemoteOp {
  enum class Kind : std::uint8_t { kHeaders, kMessage, kFinish };

  Kind kind = Kind::kMessage;
  bool has_message = false;
  HeldMessage message;  // kMessage, kFinish
  std::size_t bytes = 0;
  std::int32_t code = 0;  // kHeaders
  std::vector<std::pair<std::string, std::string>> fields;
  HeldStatus status;  // kFinish
  std::unique_ptr<RemoteOp> next;
};

// Many threads push, the worker takes all. Lock-free: a thread that was pushing when the call ends
// touches nothing but its own reference.
class RemoteOps final {
 public:
  RemoteOps() = default;
  ~RemoteOps();
  RemoteOps(const RemoteOps&) = delete;
  RemoteOps& operator=(const RemoteOps&) = delete;

  // Any thread.
  void Push(std::unique_ptr<RemoteOp> op);
  // Worker: moves what was pushed behind what it already has.
  void Collect();
  RemoteOp* front() const { return front_.get(); }
  void PopFront();
  // Worker: is anything waiting that a direct call must not overtake?
  bool empty() const {
    return front_ == nullptr && pushed_.load(std::memory_order_acquire) == nullptr;
  }

 private:
  std::atomic<RemoteOp*> pushed_{nullptr};  // newest first, linked by `next`
  std::unique_ptr<RemoteOp> front_;         // worker only, oldest first
  RemoteOp* back_ = nullptr;
};

}  // namespace meshhost
