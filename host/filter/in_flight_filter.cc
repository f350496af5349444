// SPDX-License-Identifier: Apache-2.0
#include "host/filter/in_flight_filter.h"

#include "host/call/exchange.h"

namespace meshhost {
namespace {

// How many of the bounds, from the front, the call has acquired.
struct Held {
  uint32_t count;
};

}  // namespace

size_t InFlightFilter::state_size() const { return sizeof(Held); }

Verdict InFlightFilter::OnStart(Exchange& exchange, void* state) {
  auto* held = static_cast<Held*>(state);
  const uint32_t worker = exchange.loop().index();
  for (const Bound& bound : bounds_) {
    if (!bound.limit->Acquire(worker))
      return Verdict::Refuse(Refusal(Reason::kInFlightLimit, bound.refusal));
    ++held->count;
  }
  return Verdict::Continue();
}

void InFlightFilter::OnEnd(Exchange& exchange, void* state, const Final&) {
  const uint32_t worker = exchange.loop().index();
  const uint32_t held = static_cast<const Held*>(state)->count;
  for (uint32_t i = 0; i < held; ++i) bounds_[i].limit->Release(worker);
}

}  // namespace meshhost
