// SPDX-License-Identifier: Apache-2.0
#include "host/net/admission.h"

namespace meshhost {

bool Admission::Enter(const std::string& address) {
  const uint32_t before = open_.fetch_add(1, std::memory_order_relaxed);
  const uint32_t limit = limit_.load(std::memory_order_relaxed);
  const bool full = limit != 0 && before >= limit;
  if (full || !EnterAddress(address)) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  return true;
}

bool Admission::EnterAddress(const std::string& address) {
  const uint32_t limit = per_address_.load(std::memory_order_relaxed);
  if (limit == 0 || address.empty()) return true;
  const absl::MutexLock lock(&mutex_);
  uint32_t& count = by_address_[address];
  if (count >= limit) return false;
  ++count;
  counts_addresses_.store(true, std::memory_order_relaxed);
  return true;
}

void Admission::Leave(const std::string& address) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  if (address.empty() || !counts_addresses_.load(std::memory_order_relaxed)) return;
  const absl::MutexLock lock(&mutex_);
  const auto found = by_address_.find(address);
  // Not there: it came when there was no limit.
  if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
  if (by_address_.empty()) counts_addresses_.store(false, std::memory_order_relaxed);
}

}  // namespace meshhost
