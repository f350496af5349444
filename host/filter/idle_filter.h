// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/call/filter.h"

namespace meshhost {

// Ends streams on which no message has gone either way for the idle time of the endpoint. A message
// only notes the time; the timer, when it fires, looks whether it has to wait on. Stateless, one
// for all endpoints.
class IdleFilter final : public Filter {
 public:
  std::string_view name() const override { return "idle"; }
  size_t state_size() const override;
  bool sees_messages() const override { return true; }
  Verdict OnStart(Exchange& exchange, void* state) override;
  Verdict OnMessage(Exchange& exchange, void* state, Direction direction,
                    const Message& message) override;
  void OnEnd(Exchange& exchange, void* state, const Final& final) override;
};

}  // namespace meshhost
