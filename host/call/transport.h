// SPDX-License-Identifier: Apache-2.0
//
// The seam between sessions (HTTP/1.1, HTTP/2) and what runs on top of them (REST, gRPC,
// WebSocket). A session makes a Transport for each request it has read the head of, and gets a
// StreamSink for it from the Dispatcher. All on the connection's worker.
//
//   session --OnBody, OnBodyEnd, OnWritable, OnClosed--> StreamSink   (request side)
//   session <--SendHead, SendBody, End, Reset, Consume-- Transport    (response side)
//
// The sink's memory is the call's arena, which the session takes from the pool, fills with the
// request head and hands over: a call may outlive its stream, because the handler may finish after
// the peer has gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "host/base/arena.h"
#include "host/call/buffer.h"
#include "host/call/outcome.h"
#include "host/call/request.h"

namespace meshhost {

enum class ResetReason : uint8_t {
  kNoError,  // response complete, rest of the request not wanted (RFC 9113 section 8.1)
  kCancel,
  kInternal,
  kRefused,  // nothing was done: safe to retry
  kProtocolError,
  kEnhanceYourCalm,
};

enum class CloseCause : uint8_t {
  kCompleted,  // response written completely
  kReset,      // the peer reset the stream
  kLost,       // connection gone
  kAborted,    // Reset() was called
};

// Request side of one stream. Calls come from the session, never from inside a Transport function,
// so a sink may call the transport from any of these.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // Body bytes as they arrive; owner set: retain to keep. Each byte must be given back by Consume.
  virtual void OnBody(const Slice& bytes) = 0;
  // The request is complete. Not called for tunnels that never end.
  virtual void OnBodyEnd(std::span<const Header> trailers) = 0;
  // The body's framing is broken: no more of it comes, and no OnBodyEnd. To be answered with
  // `outcome`, or reset where the answer has begun already.
  virtual void OnBodyRefused(const Outcome& outcome) = 0;
  // Unsent bytes fell below the low mark after having been above the high mark.
  virtual void OnWritable() = 0;
  // Last call; the Transport is gone when it returns.
  virtual void OnClosed(CloseCause cause) = 0;
};

// Response side of one stream; implemented by sessions. Not owned by the sink. After End or Reset
// only OnClosed follows.
class Transport {
 public:
  virtual ~Transport() = default;

  // Status 200..599, or 101 (HTTP/1.1 upgrade: what follows is an unframed tunnel). Once. Fields
  // are copied. `content_length` < 0: unknown, the session frames by itself.
  virtual void SendHead(int status, std::span<const Header> headers, int64_t content_length) = 0;
  // Queues body bytes: held when they have an owner and are large, copied otherwise.
  virtual void SendBody(std::span<const Slice> pieces) = 0;
  // Ends the response, with trailers where the protocol has them.
  virtual void End(std::span<const Header> trailers) = 0;
  // Ends the stream at once; HTTP/1.1: closes the connection.
  virtual void Reset(ResetReason reason) = 0;

  // The sink is done with n request bytes: the peer may send as many more. Until then they count
  // against the stream's window, so a sink that does not consume stops its peer. 0: the body is
  // wanted, so a peer that waits for "100 Continue" gets it.
  virtual void Consume(size_t n) = 0;
  // Response body bytes queued and not yet written. Above high_mark() a sink should wait for
  // OnWritable.
  virtual size_t unsent_bytes() const = 0;
  virtual size_t high_mark() const = 0;
  // Connection-level "go away soon": HTTP/1.1 adds Connection: close; HTTP/2 has GOAWAY for it.
  virtual bool draining() const = 0;
};

// Decides what runs on a new stream. One per worker, lives as long as the worker; sees the
// generation that is current when the head is complete.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  // Never null. Also for heads that are refused (head.refusal). Takes over the arena (which holds
  // `head` and what it views); the sink gives it back to the pool when the call has ended.
  virtual StreamSink* Open(Transport& transport, Arena* arena, const RequestHead& head,
                           const PeerRef& peer) = 0;
};

}  // namespace meshhost
