// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "host/call/filter.h"
#include "host/telemetry/endpoint_metrics.h"
#include "host/telemetry/listener_metrics.h"

namespace meshhost {

class Registry;

// Rate, errors and duration of the calls of one endpoint. One per endpoint, owned by the
// FilterStack.
class MetricsFilter final : public Filter {
 public:
  // `registry` and `listeners` outlive the filter.
  MetricsFilter(Registry& registry, const ListenerMetrics& listeners,
                std::unique_ptr<EndpointMetrics> endpoint)
      : registry_(registry), listeners_(listeners), endpoint_(std::move(endpoint)) {}

  std::string_view name() const override { return "metrics"; }
  Verdict OnStart(Exchange& exchange, void* state) override;
  void OnEnd(Exchange& exchange, void* state, const Final& final) override;

 private:
  Registry& registry_;
  const ListenerMetrics& listeners_;
  const std::unique_ptr<EndpointMetrics> endpoint_;
};

}  // namespace meshhost
