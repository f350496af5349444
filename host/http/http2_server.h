// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "host/call/buffer.h"
#include "host/call/loop.h"
#include "host/call/transport.h"
#include "host/http/http2_memory.h"
#include "host/http/http2_output.h"
#include "host/http/http2_session.h"
#include "host/http/http2_stream.h"
#include "host/http/http_date.h"
#include "host/http/http_settings.h"
#include "host/net/channel.h"

namespace meshhost {

// Written by one worker, read by anyone.
struct Http2Counters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> refused{0};      // answered or reset by the session
  std::atomic<uint64_t> timed_out{0};    // closed: slow headers, no ping answer, peer does not read
  std::atomic<uint64_t> abused{0};       // closed: the guard's allowance was used up
  std::atomic<uint64_t> peer_resets{0};  // streams that the peer reset before their answer
};

// The HTTP/2 connections of one worker and what they share: nghttp2's callbacks, options and
// memory, idle stream objects, the buffer that frames are gathered in. Owned by whoever accepts for
// the worker. Worker thread only, and after the worker's loop has ended.
class Http2Server final {
 public:
  // The worker's block to read into (Worker::read_block).
  using ReadBlock = std::function<Block&()>;

  Http2Server(Loop& loop, ReadBlock read_block, Dispatcher& dispatcher,
              const HttpSettings& settings);
  ~Http2Server();
  Http2Server(const Http2Server&) = delete;
  Http2Server& operator=(const Http2Server&) = delete;

  // Serves the connection from now on. `already_read`: what protocol detection took from it.
  // `websocket`: extended CONNECT is offered.
  void Serve(ChannelRef channel, std::span<const uint8_t> already_read, bool websocket);
  // Sessions end once their streams have; so do those that are still to come.
  void Drain();
  // The same for the connections of one listener (Peer::listener_id).
  void Drain(uint64_t listener_id);
  void CloseAll();
  size_t size() const { return sessions_.size(); }
  const Http2Counters& counters() const { return counters_; }
  size_t native_bytes() const { return memory_.bytes_in_use(); }

  // ---- For Http2Session.
  Loop& loop() { return loop_; }
  Block& read_block() { return read_block_(); }
  Dispatcher& dispatcher() { return dispatcher_; }
  const HttpSettings& settings() const { return settings_; }
  Http2Counters& counters() { return counters_; }
  Http2Scratch& scratch() { return scratch_; }
  std::string_view Date() { return date_.Now(); }
  Http2Stream* TakeStream();
  void GiveStream(Http2Stream* stream);
  // Null when out of memory. `table_page`: for Http2Memory::Trim.
  nghttp2_session* NewNative(Http2Session* session, void** table_page);
  // Destroys the session; from its own turn-end task, as its last act.
  void Remove(Http2Session& session);

 private:
  static constexpr size_t kMaxIdleStreams = 1024;
  struct CallbacksDelete {
    void operator()(nghttp2_session_callbacks* table) const {
      nghttp2_session_callbacks_del(table);
    }
  };
  struct OptionDelete {
    void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
  };

  Loop& loop_;
  ReadBlock read_block_;
  Dispatcher& dispatcher_;
  const HttpSettings& settings_;
  Http2Memory memory_;
  std::unique_ptr<nghttp2_session_callbacks, CallbacksDelete> callbacks_;
  std::unique_ptr<nghttp2_option, OptionDelete> option_;
  std::vector<std::unique_ptr<Http2Stream>> idle_streams_;
  Http2Scratch scratch_;
  HttpDate date_;
  Http2Counters counters_;
  bool draining_ = false;
  boost::intrusive::list<Http2Session> sessions_;
};

}  // namespace meshhost
