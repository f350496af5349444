// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "host/call/buffer.h"
#include "host/call/loop.h"
#include "host/call/transport.h"
#include "host/http/http1_output.h"
#include "host/http/http_date.h"
#include "host/http/http_settings.h"
#include "host/net/channel.h"

namespace meshhost {

class Http1Session;

// Written by one worker, read by anyone.
struct Http1Counters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> refused{0};    // answered by the session: malformed, too large, too slow
  std::atomic<uint64_t> timed_out{0};  // closed: idle, or the peer does not read
};

// The HTTP/1.1 connections of one worker and what they share: the Date text, idle write blocks,
// counters. Owned by whoever accepts for the worker. Worker thread only; destroyed after the loop
// has ended, or once size() is 0 and the turn is over.
class Http1Server final {
 public:
  // The worker's block to read into (Worker::read_block).
  using ReadBlock = std::function<Block&()>;

  Http1Server(Loop& loop, ReadBlock read_block, Dispatcher& dispatcher,
              const HttpSettings& settings);
  ~Http1Server();
  Http1Server(const Http1Server&) = delete;
  Http1Server& operator=(const Http1Server&) = delete;

  // Serves the connection from now on. `already_read`: what protocol detection took from it; may
  // lie in the read block.
  void Serve(ChannelRef channel, std::span<const uint8_t> already_read);
  // Every connection ends with its next response, so that no peer sends a request into a close.
  void DrainGently() { draining_ = true; }
  // Idle connections close; the others end with their next response.
  void Drain();
  // The same for the connections of one listener (Peer::listener_id).
  void Drain(uint64_t listener_id);
  // Ends every connection at once.
  void CloseAll();
  // Connections that are open.
  size_t size() const { return open_; }
  const Http1Counters& counters() const { return counters_; }

 private:
  friend class Http1Session;
  struct Sessions;

  Loop& loop_;
  ReadBlock read_block_;
  Dispatcher& dispatcher_;
  const HttpSettings& settings_;
  WriteBlocks write_blocks_;
  std::unique_ptr<Sessions> sessions_;  // open ones, and closed ones until their turn ends
  size_t open_ = 0;
  bool draining_ = false;     // the next response of a connection is its last
  bool closes_idle_ = false;  // and without one open it ends at once
  HttpDate date_;
  Http1Counters counters_;
};

}  // namespace meshhost
