// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/call/exchange.h"
#include "host/call/handler.h"

namespace meshhost {

// Answers what no module answers: unknown routes and methods. As an endpoint's handler it comes
// after the chain, so refusals are limited, counted and logged like everything else. Stateless.
class RefusingHandler final : public Handler {
 public:
  explicit RefusingHandler(Reason reason) : reason_(reason) {}

  void OnCall(Exchange& exchange, const Message*) override {
    Outcome outcome = Refusal(reason_);
    outcome.allow = exchange.allow();
    exchange.Finish(nullptr, outcome);
  }

 private:
  const Reason reason_;
};

}  // namespace meshhost
