// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "host/call/handler.h"
#include "host/grpc/health_registry.h"

namespace meshhost {

// grpc.health.v1.Health over a HealthRegistry. Handlers are stateless; any worker.

class HealthCheckHandler final : public Handler {
 public:
  explicit HealthCheckHandler(const HealthRegistry& registry) : registry_(registry) {}
  void OnCall(Exchange& exchange, const Message* first) override;

 private:
  const HealthRegistry& registry_;
};

class HealthListHandler final : public Handler {
 public:
  explicit HealthListHandler(const HealthRegistry& registry) : registry_(registry) {}
  void OnCall(Exchange& exchange, const Message* first) override;

 private:
  const HealthRegistry& registry_;
};

class HealthWatchHandler final : public Handler {
 public:
  explicit HealthWatchHandler(HealthRegistry& registry) : registry_(registry) {}
  void OnCall(Exchange& exchange, const Message* first) override;

 private:
  HealthRegistry& registry_;
};

}  // namespace meshhost
