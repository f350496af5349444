// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/health_registry.h"

#include <utility>

namespace meshhost {

void HealthRegistry::Set(std::string_view service, bool serving) {
  {
    const absl::MutexLock lock(&mutex_);
    const auto [at, added] = services_.emplace(service, serving);
    if (!added && at->second == serving) return;
    at->second = serving;
  }
  Notify();
}

void HealthRegistry::Remove(std::string_view service) {
  {
    const absl::MutexLock lock(&mutex_);
    const auto found = services_.find(service);
    if (found == services_.end()) return;
    services_.erase(found);
  }
  Notify();
}

void HealthRegistry::SetDraining() {
  {
    const absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  Notify();
}

std::optional<bool> HealthRegistry::Get(std::string_view service) const {
  const absl::MutexLock lock(&mutex_);
  const auto found = services_.find(service);
  if (found == services_.end()) return std::nullopt;
  return found->second && !draining_;
}

HealthRegistry::Services HealthRegistry::All() const {
  const absl::MutexLock lock(&mutex_);
  Services all = services_;
  if (draining_) {
    for (auto& [name, serving] : all) serving = false;
  }
  return all;
}

uint64_t HealthRegistry::AddListener(Listener listener) {
  const absl::MutexLock lock(&listeners_mutex_);
  listeners_.emplace(next_token_, std::move(listener));
  return next_token_++;
}

void HealthRegistry::RemoveListener(uint64_t token) {
  const absl::MutexLock lock(&listeners_mutex_);
  listeners_.erase(token);
}

void HealthRegistry::Notify() {
  const absl::MutexLock lock(&listeners_mutex_);
  for (const auto& [token, listener] : listeners_) listener();
}

}  // namespace meshhost
