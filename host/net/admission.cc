// SPDX-License-Identifier: Apache-2.0
#include "host/net/admission.h"

namespace meshhost {

bool Admission::Enter(const std::string& address) {
  const uint32_t before = open_.fetch_add(1, std::memory_order_relaxed);
  const bool full = limit_ != 0 && before >= limit_;
  if (full || !EnterAddress(address)) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  return true;
}

bool Admission::EnterAddress(const std::string& address) {
  if (per_address_ == 0 || address.empty()) return true;
  const absl::MutexLock lock(&mutex_);
  uint32_t& count = by_address_[address];
  if (count >= per_address_) return false;
  ++count;
  return true;
}

void Admission::Leave(const std::string& address) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  if (per_address_ == 0 || address.empty()) return;
  const absl::MutexLock lock(&mutex_);
  const auto found = by_address_.find(address);
  if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
}

}  // namespace meshhost
