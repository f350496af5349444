// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace meshhost {

// Counts open connections against a limit, over all workers. Any thread. Lives as long as the
// connections that it admitted.
class Admission final {
 public:
  // 0: no limit. per_address: connections from one peer address, without its port.
  explicit Admission(uint32_t limit, uint32_t per_address = 0)
      : limit_(limit), per_address_(per_address) {}

  // Connections beyond a smaller limit stay.
  void SetLimits(uint32_t limit, uint32_t per_address = 0) {
    limit_.store(limit, std::memory_order_relaxed);
    per_address_.store(per_address, std::memory_order_relaxed);
  }

  // False: shed it. Every true is paired with one Leave of the same address.
  bool Enter(const std::string& address);
  void Leave(const std::string& address);
  uint32_t open() const { return open_.load(std::memory_order_relaxed); }

  // Held while a worker takes a descriptor by accept, so that one which gives up its spare
  // descriptor to shed a connection gets it back and no other worker.
  absl::Mutex& accepting() { return accepting_; }

 private:
  bool EnterAddress(const std::string& address);

  std::atomic<uint32_t> limit_;
  std::atomic<uint32_t> per_address_;
  std::atomic<uint32_t> open_{0};
  absl::Mutex accepting_;
  absl::Mutex mutex_;  // taken only when per_address is set, or was
  std::unordered_map<std::string, uint32_t> by_address_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> counts_addresses_{false};  // somebody is in by_address_
};

}  // namespace meshhost
