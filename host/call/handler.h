// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "host/call/buffer.h"
#include "host/call/outcome.h"

namespace meshhost {

class Exchange;

enum class CancelReason : uint8_t { kPeer = 1, kDeadline = 2, kDrain = 3, kLimit = 4 };

// What answers an endpoint's calls: a module through the ABI, or the host's own (health,
// reflection). Lives as long as its deployment.
class Handler {
 public:
  virtual ~Handler() = default;
  // A call has passed the chain. `first`: the whole request when the endpoint has no client stream,
  // else null. The handler must call exchange.Finish once, now or later, on the worker.
  virtual void OnCall(Exchange& exchange, const Message* first) = 0;
};

// Receives the events of one call, on the call's worker. Events may come from inside the handler's
// own calls on the Exchange only where said; whoever runs foreign code defers them.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual void OnMessage(const Message& message) = 0;  // never more than Pull granted
  virtual void OnHalfClose() = 0;
  virtual void OnWritable() = 0;  // once after each Sent::kAgain
  // Finish is still owed. kPeer, kDeadline, kLimit: nobody reads an answer any more.
  virtual void OnCancel(CancelReason reason) = 0;
  // Last. May come from inside Finish. The exchange dies on return unless held.
  virtual void OnEnd(const Final& final) = 0;
};

}  // namespace meshhost
