// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "host/call/buffer.h"
#include "host/call/outcome.h"

namespace meshhost {

enum class Sent : uint8_t {
  kTaken,
  kAgain,      // above the high mark, nothing taken; OnWritable follows
  kCancelled,  // nobody reads it any more
  kInvalid,    // out of order: headers twice, message after finish, message over the limit
};

// The protocol under an Exchange: gRPC, REST or WebSocket codec on one stream. Implemented by the
// protocols' StreamSinks; called by Exchange only, on the worker.
class Responder {
 public:
  virtual ~Responder() = default;
  // May deliver that many more messages (Exchange::DeliverMessage). Delivery of what is already
  // here may happen inside.
  virtual void Pull(uint32_t messages) = 0;
  virtual Sent SendHeaders(int status, std::span<const Header> headers) = 0;
  virtual Sent Send(const Message& message) = 0;
  // Ends the response. Called once, unless the transport was lost before. Afterwards the responder
  // calls Exchange::TransportDone once, later or inside.
  virtual void Finish(const Message* last, const Outcome& outcome) = 0;
  // The host (kDraining) or the module (kModuleRetired) goes away: tell the peer where the protocol
  // can (WebSocket: Close 1001 or 1012 when the handler finishes; HTTP: nothing).
  virtual void Drain(Reason why) = 0;
  // The exchange has ended and nobody holds it: destroys the exchange and itself, returns the
  // arena.
  virtual void Destroy() = 0;
};

}  // namespace meshhost
