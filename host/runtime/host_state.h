// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "host/admin/admin_source.h"
#include "host/config/config.h"
#include "host/grpc/health_registry.h"
#include "host/module/module_instance.h"
#include "host/runtime/generation.h"
#include "host/runtime/heartbeat.h"
#include "host/runtime/module_set.h"

namespace meshhost {

// What the host says of itself: health for the admin server and for grpc.health.v1, from the same
// facts. Owned by the Host, outlives the admin server and the modules. Any thread.
class HostState final : public AdminSource, public HealthSink {
 public:
  HealthRegistry& health() { return health_; }
  // What serves, until the next one is set.
  void SetGeneration(const Generation& generation);
  // Before the admin server starts; what they point to outlives it.
  void SetHeartbeats(std::vector<const Heartbeat*> heartbeats) {
    heartbeats_ = std::move(heartbeats);
  }
  // Flip /readyz, /health and every gRPC service together.
  void BeginServing();
  void BeginDraining();

  // The module no longer has the service; nobody else has it when `gone`.
  void Forget(std::string_view module, std::string_view service, bool gone);
  // Of what serves; 0 before SetGeneration.
  uint64_t generation() const;

  // AdminSource.
  HealthReport Health() const override;
  std::string ConfigJson() const override;
  std::string ModulesJson() const override;
  std::string OpenApiJson() const override;
  std::string VersionJson() const override;
  // HealthSink.
  void SetServing(std::string_view module, std::string_view service, bool serving) override;

 private:
  // starting --all listen--> ready --stop--> draining
  enum class Phase { kStarting, kReady, kDraining };

  bool Healthy() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::vector<const Heartbeat*> heartbeats_;
  HealthRegistry health_;
  mutable absl::Mutex mutex_;
  // Looked at under the lock only, so that the control thread is free to replace and destroy it.
  const Generation* generation_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kStarting;
  // Services that their module said do not serve, by module.
  std::map<std::string, std::set<std::string>, std::less<>> failed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace meshhost
