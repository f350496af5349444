// SPDX-License-Identifier: Apache-2.0
//
// Which filters guard which endpoint, and in what order: FiltersFor() in the source is the list.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/call/chain.h"
#include "host/call/endpoint.h"
#include "host/config/config.h"
#include "host/filter/deadline_filter.h"
#include "host/filter/idle_filter.h"
#include "host/filter/in_flight_filter.h"
#include "host/telemetry/endpoint_families.h"
#include "host/telemetry/listener_metrics.h"
#include "host/telemetry/metric_family.h"

namespace meshhost {

class AccessLog;
class Registry;

// Builds and owns the chains of one generation, their filters and limits. Built on the control
// thread; the chains are then used by all workers. Dies with its generation, after the last call.
class FilterStack final {
 public:
  // `registry` and `access_log` outlive the stack; `access_log` may be null.
  static absl::StatusOr<std::unique_ptr<FilterStack>> Make(const Config& config, Registry& registry,
                                                           AccessLog* access_log);
  ~FilterStack();
  FilterStack(const FilterStack&) = delete;
  FilterStack& operator=(const FilterStack&) = delete;

  // The chain for an endpoint whose limits and time-outs are set. Lives as long as the stack.
  absl::StatusOr<const Chain*> ChainFor(const Endpoint& endpoint);

 private:
  FilterStack(const Config& config, Registry& registry, AccessLog* access_log);

  absl::StatusOr<std::vector<Filter*>> FiltersFor(const Endpoint& endpoint);
  absl::StatusOr<Filter*> Metrics(const Endpoint& endpoint);
  Filter* InFlight(const Endpoint& endpoint);
  Filter* Keep(std::unique_ptr<Filter> filter);

  Registry& registry_;
  AccessLog* const access_log_;
  const uint32_t workers_;
  const MetricOwner metric_owner_;
  EndpointFamilies families_;
  ListenerMetrics listeners_;
  InFlightLimit host_limit_;
  std::map<std::string, InFlightLimit> module_limits_;  // of modules that have one
  std::vector<std::unique_ptr<InFlightLimit>> endpoint_limits_;
  DeadlineFilter deadline_;
  IdleFilter idle_;
  std::vector<std::unique_ptr<Filter>> filters_;
  std::vector<std::unique_ptr<Chain>> chains_;
};

}  // namespace meshhost
