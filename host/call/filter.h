// SPDX-License-Identifier: Apache-2.0
//
// Filter: one cross-cutting concern in front of every handler, the same for gRPC, REST and
// WebSocket. In TOML a gRPC chain lists its filters as interceptors, an HTTP chain as middleware.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "host/call/buffer.h"
#include "host/call/outcome.h"

namespace meshhost {

class Exchange;

enum class Direction : uint8_t { kRequest, kResponse };

struct Verdict {
  enum class Kind : uint8_t { kContinue, kPause, kRefuse };
  Kind kind = Kind::kContinue;
  Outcome refusal;  // kRefuse

  static Verdict Continue() { return {}; }
  // The chain goes on when Exchange::Resume is called, on the worker.
  static Verdict Pause() { return {Kind::kPause, {}}; }
  static Verdict Refuse(const Outcome& outcome) { return {Kind::kRefuse, outcome}; }
};

// Shared by all calls of the endpoints it guards, on all workers: own state is per worker or
// atomic. Per-call state: `state_size` bytes in the call's arena, zeroed, at `state`.
class Filter {
 public:
  virtual ~Filter() = default;
  virtual std::string_view name() const = 0;
  virtual size_t state_size() const { return 0; }
  // True when OnMessage has to see every message of streams, not only the start.
  virtual bool sees_messages() const { return false; }

  // The request head is complete; the body is not.
  virtual Verdict OnStart(Exchange& exchange, void* state) = 0;
  virtual Verdict OnMessage(Exchange&, void* /*state*/, Direction, const Message&) {
    return Verdict::Continue();
  }
  // The call is over; called for each filter whose OnStart was, in reverse order.
  virtual void OnEnd(Exchange&, void* /*state*/, const Final&) {}
};

}  // namespace meshhost
