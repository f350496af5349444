// SPDX-License-Identifier: Apache-2.0
#include "host/filter/deadline_filter.h"

#include <memory>
#include <new>

#include "host/call/exchange.h"

namespace meshhost {
namespace {

void Expire(void* context) {
  static_cast<Exchange*>(context)->Abort(CancelReason::kDeadline,
                                         Refusal(Reason::kDeadlineExceeded));
}

}  // namespace

size_t DeadlineFilter::state_size() const { return sizeof(Timer); }

Verdict DeadlineFilter::OnStart(Exchange& exchange, void* state) {
  // Made even when there is nothing to wait for, since OnEnd destroys it.
  Timer* timer = new (state) Timer(Expire, &exchange);
  const uint64_t limit_ns = exchange.endpoint().timeout_ns;
  if (limit_ns != 0) exchange.ShortenDeadline(exchange.started_ns() + limit_ns);
  const uint64_t deadline_ns = exchange.deadline_ns();
  if (deadline_ns == 0) return Verdict::Continue();
  if (deadline_ns <= exchange.loop().now_ns())
    return Verdict::Refuse(Refusal(Reason::kDeadlineExceeded));
  exchange.loop().timers().Arm(*timer, deadline_ns);
  return Verdict::Continue();
}

void DeadlineFilter::OnEnd(Exchange&, void* state, const Final&) {
  std::destroy_at(static_cast<Timer*>(state));
}

}  // namespace meshhost
