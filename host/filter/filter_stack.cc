// SPDX-License-Identifier: Apache-2.0
#include "host/filter/filter_stack.h"

#include <utility>

#include "host/base/status_macros.h"
#include "host/filter/access_log_filter.h"
#include "host/filter/metrics_filter.h"
#include "host/telemetry/registry.h"

namespace meshhost {

FilterStack::FilterStack(const Config& config, Registry& registry, AccessLog* access_log)
    : registry_(registry),
      access_log_(access_log),
      workers_(registry.workers()),
      metric_owner_(registry.NewOwner()),
      host_limit_(config.limits.max_in_flight, workers_) {
  for (const ModuleConfig& module : config.modules)
    if (module.max_in_flight != 0)
      module_limits_.try_emplace(module.name, module.max_in_flight, workers_);
}

FilterStack::~FilterStack() {
  // The filters hold handles of the series that go now.
  chains_.clear();
  filters_.clear();
  registry_.RemoveOwner(metric_owner_);
}

absl::StatusOr<std::unique_ptr<FilterStack>> FilterStack::Make(const Config& config,
                                                               Registry& registry,
                                                               AccessLog* access_log) {
  std::unique_ptr<FilterStack> stack(new FilterStack(config, registry, access_log));
  std::vector<std::string> listeners;
  for (const ListenerConfig& listener : config.listeners) listeners.push_back(listener.name);
  ASSIGN_OR_RETURN(stack->families_, EndpointFamilies::Define(registry));
  ASSIGN_OR_RETURN(stack->listeners_, ListenerMetrics::Make(registry, listeners));
  return stack;
}

absl::StatusOr<const Chain*> FilterStack::ChainFor(const Endpoint& endpoint) {
  ASSIGN_OR_RETURN(std::vector<Filter*> filters, FiltersFor(endpoint));
  chains_.push_back(std::make_unique<Chain>(std::move(filters)));
  return chains_.back().get();
}

// Outermost first. What refuses stands inside of what counts and logs, so refusals are seen.
absl::StatusOr<std::vector<Filter*>> FilterStack::FiltersFor(const Endpoint& endpoint) {
  std::vector<Filter*> filters;
  if (access_log_ != nullptr)
    filters.push_back(Keep(std::make_unique<AccessLogFilter>(*access_log_, endpoint)));
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
                   EndpointMetrics::Make(registry_, families_, endpoint, metric_owner_));
  return Keep(std::make_unique<MetricsFilter>(registry_, listeners_, std::move(metrics)));
}

Filter* FilterStack::InFlight(const Endpoint& endpoint) {
  std::vector<InFlightFilter::Bound> bounds;
  if (endpoint.max_in_flight != 0) {
    endpoint_limits_.push_back(std::make_unique<InFlightLimit>(endpoint.max_in_flight, workers_));
    bounds.push_back({endpoint_limits_.back().get(), "the method has too many calls in flight"});
  }
  const auto module = module_limits_.find(endpoint.module);
  if (module != module_limits_.end())
    bounds.push_back({&module->second, "the module has too many calls in flight"});
  bounds.push_back({&host_limit_, "the host has too many calls in flight"});
  return Keep(std::make_unique<InFlightFilter>(std::move(bounds)));
}

Filter* FilterStack::Keep(std::unique_ptr<Filter> filter) {
  filters_.push_back(std::move(filter));
  return filters_.back().get();
}

}  // namespace meshhost
