// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "host/call/buffer.h"
#include "host/call/loop.h"
#include "host/call/transport.h"
#include "host/http/http_settings.h"
#include "host/net/connection_sink.h"

namespace meshhost {

class Http1Server;
class Http2Server;

// Gives each connection of one worker the session that its protocol asks for: by ALPN, else by its
// first bytes, among what its listener serves. Owns the sessions. Worker thread only; constructed
// before the worker's loop starts, destroyed after it has ended.
class SessionFactory final : public ConnectionSink {
 public:
  // Yields the worker's block to read into (Worker::read_block).
  using ReadBlock = std::function<Block&()>;

  // `dispatcher` and `settings` outlive the factory.
  SessionFactory(Loop& loop, ReadBlock read_block, Dispatcher& dispatcher,
                 const HttpSettings& settings);
  ~SessionFactory() override;

  void OnConnection(ChannelRef channel, const ProtocolSet& protocols) override;

  // Connections end once their requests have; HTTP/1 ones wait for one more when they are idle.
  void DrainGently();
  // Connections end once their requests have; new ones are served and told to go at once.
  void Drain();
  // The connections of one listener (Peer::listener_id) end once their requests have.
  void Drain(uint64_t listener_id);
  // Ends every connection at once.
  void CloseAll();
  // Open connections.
  size_t size() const;

  const Http1Server& http1() const { return *http1_; }
  const Http2Server& http2() const { return *http2_; }

 private:
  class Undecided;

  std::unique_ptr<Http1Server> http1_;
  std::unique_ptr<Http2Server> http2_;
  std::unique_ptr<Undecided> undecided_;
};

}  // namespace meshhost
