// SPDX-License-Identifier: Apache-2.0
#include "host/filter/filter_stack.h"

#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/filter/access_log_filter.h"
#include "host/filter/metrics_filter.h"
#include "host/telemetry/registry.h"

namespace meshhost {

FilterStack::FilterStack(const FilterEnvironment& environment, const InFlightBounds& bounds)
    : environment_(environment), bounds_(bounds), metric_owner_(environment.metrics.NewOwner()) {}

FilterStack::~FilterStack() {
  // The filters hold handles of the series that go now.
  chains_.clear();
  filters_.clear();
  environment_.metrics.RemoveOwner(metric_owner_);
}

absl::StatusOr<std::unique_ptr<FilterStack>> FilterStack::Make(const FilterEnvironment& environment,
                                                               const InFlightBounds& bounds) {
  std::unique_ptr<FilterStack> stack(new FilterStack(environment, bounds));
  ASSIGN_OR_RETURN(stack->families_, EndpointFamilies::Define(environment.metrics));
  return stack;
}

void FilterStack::ApplyLimits() {
  for (const auto& [limit, value] : limits_) limit->Set(value);
}

absl::StatusOr<const Chain*> FilterStack::ChainFor(const Endpoint& endpoint) {
  ASSIGN_OR_RETURN(std::vector<Filter*> filters, FiltersFor(endpoint));
  chains_.push_back(std::make_unique<Chain>(std::move(filters)));
  return chains_.back().get();
}

// Outermost first. What refuses stands inside of what counts and logs, so refusals are seen.
absl::StatusOr<std::vector<Filter*>> FilterStack::FiltersFor(const Endpoint& endpoint) {
  std::vector<Filter*> filters;
  if (environment_.access_log != nullptr)
    filters.push_back(Keep(std::make_unique<AccessLogFilter>(*environment_.access_log, endpoint)));
  ASSIGN_OR_RETURN(Filter * metrics, Metrics(endpoint));
  filters.push_back(metrics);
  filters.push_back(&deadline_);
  if (endpoint.idle_timeout_ns != 0) filters.push_back(&idle_);
  // Health checks must be answered when everything else is refused, so the host's own are free.
  if (!endpoint.module.empty()) filters.push_back(InFlight(endpoint));
  return filters;
}

absl::StatusOr<Filter*> FilterStack::Metrics(const Endpoint& endpoint) {
  ASSIGN_OR_RETURN(std::unique_ptr<EndpointMetrics> metrics,
                   EndpointMetrics::Make(environment_.metrics, families_, endpoint, metric_owner_));
  return Keep(std::make_unique<MetricsFilter>(environment_.metrics, environment_.listeners,
                                              std::move(metrics)));
}

Filter* FilterStack::InFlight(const Endpoint& endpoint) {
  std::vector<InFlightFilter::Bound> bounds;
  const std::string module = Concat({"module/", endpoint.module});
  if (endpoint.max_in_flight != 0)
    bounds.push_back({Limit(Concat({module, " ", LabelOf(endpoint)}), endpoint.max_in_flight),
                      "the method has too many calls in flight"});
  if (bounds_.module != 0)
    bounds.push_back({Limit(module, bounds_.module), "the module has too many calls in flight"});
  if (bounds_.host != 0)
    bounds.push_back({Limit("host", bounds_.host), "the host has too many calls in flight"});
  return Keep(std::make_unique<InFlightFilter>(std::move(bounds)));
}

std::unique_ptr<Guard> FilterStack::MakeGuard(std::string_view name, GuardMode mode,
                                              const Endpoint& endpoint) {
  const std::string_view module = endpoint.module.empty() ? "host" : endpoint.module;
  return std::make_unique<Guard>(name, mode, environment_.metrics, families_.guard_refusals, module,
                                 metric_owner_);
}

InFlightLimit* FilterStack::Limit(const std::string& name, uint32_t limit) {
  limits_.emplace_back(environment_.limits.Get(name, limit), limit);
  return limits_.back().first.get();
}

Filter* FilterStack::Keep(std::unique_ptr<Filter> filter) {
  filters_.push_back(std::move(filter));
  return filters_.back().get();
}

}  // namespace meshhost
