// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "host/call/filter.h"
#include "host/filter/in_flight_limit.h"

namespace meshhost {

// Refuses calls beyond the limits of calls in flight that apply to its endpoint. One per endpoint,
// owned by the FilterStack, as the limits are.
class InFlightFilter final : public Filter {
 public:
  struct Bound {
    InFlightLimit* limit;      // outlives the filter
    std::string_view refusal;  // what the peer is told; static
  };

  explicit InFlightFilter(std::vector<Bound> bounds) : bounds_(std::move(bounds)) {}

  std::string_view name() const override { return "in_flight"; }
  size_t state_size() const override;
  Verdict OnStart(Exchange& exchange, void* state) override;
  void OnEnd(Exchange& exchange, void* state, const Final& final) override;

 private:
  const std::vector<Bound> bounds_;
};

}  // namespace meshhost
