// SPDX-License-Identifier: Apache-2.0
#include "host/filter/idle_filter.h"

#include <memory>
#include <new>

#include "host/call/exchange.h"

namespace meshhost {
namespace {

struct IdleWatch {
  explicit IdleWatch(Exchange& watched)
      : exchange(watched), last_message_ns(watched.loop().now_ns()), timer(Fire, this) {}

  static void Fire(void* context) {
    auto* watch = static_cast<IdleWatch*>(context);
    Exchange& exchange = watch->exchange;
    if (watch->due_ns() > exchange.loop().now_ns()) {
      exchange.loop().timers().Arm(watch->timer, watch->due_ns());
      return;
    }
    exchange.Abort(CancelReason::kDeadline, Refusal(Reason::kStreamIdle));
  }

  uint64_t due_ns() const { return last_message_ns + exchange.endpoint().idle_timeout_ns; }

  Exchange& exchange;
  uint64_t last_message_ns;
  Timer timer;
};

}  // namespace

size_t IdleFilter::state_size() const { return sizeof(IdleWatch); }

Verdict IdleFilter::OnStart(Exchange& exchange, void* state) {
  auto* watch = new (state) IdleWatch(exchange);
  exchange.loop().timers().Arm(watch->timer, watch->due_ns());
  return Verdict::Continue();
}

Verdict IdleFilter::OnMessage(Exchange& exchange, void* state, Direction, const Message&) {
  static_cast<IdleWatch*>(state)->last_message_ns = exchange.loop().now_ns();
  return Verdict::Continue();
}

void IdleFilter::OnEnd(Exchange&, void* state, const Final&) {
  std::destroy_at(static_cast<IdleWatch*>(state));
}

}  // namespace meshhost
