// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_method.h"

#include <utility>

#include "host/module/module_call.h"

namespace meshhost {
ModuleMethod::ModuleMethod(const mh_method& method, Endpoint endpoint,
                           const CrossingMark& instance_mark, CallContext& context)
    : method_(method),
      endpoint_(std::move(endpoint)),
      label_(LabelOf(endpoint_)),
      mark_(instance_mark.In(label_.c_str())),
      context_(context) {
  endpoint_.handler = this;
}

void ModuleMethod::OnCall(Exchange& exchange, const Message* first) {
  if (context_.max_in_flight != 0 &&
      context_.in_flight.fetch_add(1, std::memory_order_relaxed) >= context_.max_in_flight) {
    context_.in_flight.fetch_sub(1, std::memory_order_relaxed);
    // The answer may be flushed, and the exchange be over, inside Finish.
    exchange.Hold();
    exchange.Finish(nullptr, Refusal(Reason::kInFlightLimit));
    return exchange.Release();
  }
  exchange.arena().New<ModuleCall>(exchange, *this)->Begin(first);
}

}  // namespace meshhost
