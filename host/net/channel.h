// SPDX-License-Identifier: Apache-2.0
//
// Channel: one accepted connection's byte stream, plain or TLS, without a protocol. It is driven by
// readiness instead of by asynchronous reads, so that an idle connection owns no read buffer:
// sessions read into their worker's shared block when there is something to read.
#pragma once

#include <sys/uio.h>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "host/call/request.h"

namespace meshhost {

// What a session learns of its channel. Called on the worker, never from inside a Channel function.
class ChannelEvents {
 public:
  virtual ~ChannelEvents() = default;
  virtual void OnReadable() = 0;  // once per AwaitReadable
  virtual void OnWritable() = 0;  // once per AwaitWritable
};

struct IoResult {
  enum class Kind : uint8_t {
    kBytes,       // n > 0 bytes moved
    kWouldBlock,  // await and try again
    kEnd,         // read: the peer closed its sending side in order
    kError,       // connection reset, TLS failure: close
  };
  Kind kind;
  size_t n = 0;
};

// Worker thread only. Counted, because an event that is being delivered keeps it alive.
class Channel : public boost::intrusive_ref_counter<Channel, boost::thread_unsafe_counter> {
 public:
  virtual ~Channel() = default;

  virtual void SetEvents(ChannelEvents* events) = 0;
  virtual IoResult Read(std::span<uint8_t> into) = 0;
  // May take only a part; with TLS the same bytes must be offered again after kWouldBlock (they may
  // have moved).
  virtual IoResult Write(std::span<const iovec> pieces) = 0;
  // At most one of each pending.
  virtual void AwaitReadable() = 0;
  virtual void AwaitWritable() = 0;
  // Bytes are decrypted and waiting: readiness will not be signalled for them, so read on.
  virtual bool HasPendingInput() const = 0;
  // Sends TLS close_notify and FIN; reading stays possible.
  virtual void ShutdownWrite() = 0;
  // No more events. Idempotent; the destructor does it too.
  virtual void Close() = 0;
  // Resets the connection (RST) instead of closing in order.
  virtual void Abort() = 0;

  virtual const PeerRef& peer() const = 0;
  // "h2", "http/1.1", or empty when ALPN was not used.
  virtual std::string_view alpn() const = 0;
};
using ChannelRef = boost::intrusive_ptr<Channel>;

}  // namespace meshhost
