// SPDX-License-Identifier: Apache-2.0
//
// Which filters guard which endpoint, and in what order: FiltersFor() in the source is the list.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host/call/chain.h"
#include "host/call/endpoint.h"
#include "host/filter/deadline_filter.h"
#include "host/filter/guard.h"
#include "host/filter/idle_filter.h"
#include "host/filter/in_flight_filter.h"
#include "host/filter/in_flight_limits.h"
#include "host/telemetry/endpoint_families.h"
#include "host/telemetry/listener_metrics.h"
#include "host/telemetry/metric_family.h"

namespace meshhost {

class AccessLog;
class Registry;
struct Config;

// What the stacks of all deployments share. All outlive them. Plain value.
struct FilterEnvironment {
  Registry& metrics;
  AccessLog* access_log;  // null: off
  ListenerMetrics& listeners;
  InFlightLimits& limits;
  // Of the generation that is being built, for as long as that takes.
  const Config* config;
};

// The tables of the configuration that chains are made from: endpoints get new chains when one of
// them changes.
inline constexpr std::array<std::string_view, 0> kChainTables = {};

// Bounds on calls in flight; 0 = none. Plain value.
struct InFlightBounds {
  uint32_t host = 0;
  uint32_t module = 0;
};

// Builds and owns the chains of one deployment and their filters. Built on the control thread; the
// chains are then used by all workers. Dies with its deployment, after the last call.
class FilterStack final {
 public:
  static absl::StatusOr<std::unique_ptr<FilterStack>> Make(const FilterEnvironment& environment,
                                                           const InFlightBounds& bounds);
  ~FilterStack();
  FilterStack(const FilterStack&) = delete;
  FilterStack& operator=(const FilterStack&) = delete;

  // The chain for an endpoint whose limits and time-outs are set. Lives as long as the stack.
  absl::StatusOr<const Chain*> ChainFor(const Endpoint& endpoint);
  // Gives limits that were there before this stack the values of this one.
  void ApplyLimits();

 private:
  FilterStack(const FilterEnvironment& environment, const InFlightBounds& bounds);

  absl::StatusOr<std::vector<Filter*>> FiltersFor(const Endpoint& endpoint);
  absl::StatusOr<Filter*> Metrics(const Endpoint& endpoint);
  Filter* InFlight(const Endpoint& endpoint);
  std::unique_ptr<Guard> MakeGuard(std::string_view name, GuardMode mode, const Endpoint& endpoint);
  InFlightLimit* Limit(const std::string& name, uint32_t limit);
  Filter* Keep(std::unique_ptr<Filter> filter);

  const FilterEnvironment environment_;
  const InFlightBounds bounds_;
  const MetricOwner metric_owner_;
  EndpointFamilies families_;
  std::vector<std::pair<std::shared_ptr<InFlightLimit>, uint32_t>> limits_;
  DeadlineFilter deadline_;
  IdleFilter idle_;
  std::vector<std::unique_ptr<Filter>> filters_;
  std::vector<std::unique_ptr<Chain>> chains_;
};

}  // namespace meshhost
