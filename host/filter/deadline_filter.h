// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/call/filter.h"

namespace meshhost {

// Ends calls at their deadline: the one that the peer gave (grpc-timeout, already in the exchange)
// or the time limit of the endpoint, whichever comes first. Stateless, one for all endpoints; per
// call one timer of the worker's wheel.
class DeadlineFilter final : public Filter {
 public:
  std::string_view name() const override { return "deadline"; }
  size_t state_size() const override;
  Verdict OnStart(Exchange& exchange, void* state) override;
  void OnEnd(Exchange& exchange, void* state, const Final& final) override;
};

}  // namespace meshhost
