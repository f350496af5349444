// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "host/admin/admin_source.h"

namespace meshhost {

// A host whose health the test decides.
class FakeSource final : public AdminSource {
 public:
  void set_health(HealthReport health) {
    const std::lock_guard lock(mutex_);
    health_ = std::move(health);
  }

  HealthReport Health() const override {
    const std::lock_guard lock(mutex_);
    return health_;
  }
  std::string ConfigJson() const override { return R"({"host":{}})"; }
  std::string ModulesJson() const override { return R"([{"name":"echo"}])"; }
  std::string OpenApiJson() const override { return R"({"openapi":"3.1.0"})"; }
  std::string VersionJson() const override { return R"({"version":"0.1.0"})"; }

 private:
  mutable std::mutex mutex_;
  HealthReport health_{.ready = true};
};

}  // namespace meshhost
