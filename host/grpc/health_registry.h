// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace meshhost {

// The serving state of every gRPC service, "" for the whole host. One per host, shared by all
// generations. Any thread.
class HealthRegistry final {
 public:
  using Services = std::map<std::string, bool, std::less<>>;
  // Called after each change, on the thread that made it. Must not add or remove listeners.
  using Listener = std::function<void()>;

  void Set(std::string_view service, bool serving);
  void Remove(std::string_view service);
  // Overrides all: while draining every service reports not serving.
  void SetDraining();

  // Nothing when the service is unknown.
  std::optional<bool> Get(std::string_view service) const;
  Services All() const;

  // Returns a token for RemoveListener, which waits for a call in progress.
  uint64_t AddListener(Listener listener);
  void RemoveListener(uint64_t token);

 private:
  void Notify();

  mutable absl::Mutex mutex_;
  Services services_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  // Its own lock, so that a listener may ask for states.
  absl::Mutex listeners_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  std::map<uint64_t, Listener> listeners_ ABSL_GUARDED_BY(listeners_mutex_);
  uint64_t next_token_ ABSL_GUARDED_BY(listeners_mutex_) = 1;
};

}  // namespace meshhost
