// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "host/call/endpoint.h"
#include "host/telemetry/metric_family.h"

namespace meshhost {

// OpenTelemetry's word for a value outside of the known set.
inline constexpr std::string_view kOtherLabel = "_OTHER";

// The label values of one endpoint. Plain value, kept by its metrics for series made later.
struct EndpointLabels {
  std::string name;
  std::string verb;
  std::string module;
  MetricOwner owner = kHostOwner;

  EndpointLabels(const Endpoint& endpoint, MetricOwner owner_of_series)
      : name(endpoint.name.empty() ? kOtherLabel : std::string_view(endpoint.name)),
        verb(endpoint.verb.empty() ? kOtherLabel : std::string_view(endpoint.verb)),
        module(endpoint.module.empty() ? std::string_view("host") : endpoint.module),
        owner(owner_of_series) {}
};

}  // namespace meshhost
