// SPDX-License-Identifier: Apache-2.0
//
// Http2Session: one HTTP/2 connection. nghttp2 owns the protocol (frames, HPACK, windows, stream
// states); this class moves bytes between it and the channel, turns its callbacks into StreamSink
// calls, and ends the connection when time or the guard says so.
//
//   serving --protocol error, guard, drained, GOAWAY--> flush --> lingering --> closed
//      \--connection lost, CloseNow-----------------------------------------------^
//
// A read turn feeds what the socket has, up to a bound, and flushes once: all answers that inline
// handlers gave leave in one write. Answers that come outside a read turn are flushed once at the
// turn's end. Windows open only as sinks consume.
#pragma once

#include <nghttp2/nghttp2.h>

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <span>

#include "host/base/task.h"
#include "host/base/timer_wheel.h"
#include "host/http/http2_clock.h"
#include "host/http/http2_guard.h"
#include "host/http/http2_output.h"
#include "host/http/http2_stream.h"
#include "host/net/channel.h"

namespace meshhost {

class Http2Server;

// Owned by its Http2Server, which destroys it in a turn of its own after Remove. Worker thread
// only.
class Http2Session final : public ChannelEvents, public boost::intrusive::list_base_hook<> {
 public:
  Http2Session(Http2Server& server, ChannelRef channel, bool websocket);
  ~Http2Session() override;
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Begins to serve; once. `already_read`: the first bytes, preface included, as far as taken.
  void Start(std::span<const uint8_t> already_read);
  // Graceful end: no new streams after a notice, closes when the last stream has ended.
  void Drain();
  const Peer& peer() const { return *channel_->peer(); }
  void CloseNow();
  bool draining() const { return draining_; }

  // ChannelEvents.
  void OnReadable() override;
  void OnWritable() override;

  // ---- For Http2Stream.
  nghttp2_session* native() { return native_; }
  std::string_view Date();
  void OnHeadStored(Http2Stream& stream) {
    stored_heads_.push_back(stream);
    Wake();
  }
  void OnQueued(size_t n) { queued_bytes_ += n; }
  void OnUnqueued(size_t n) { queued_bytes_ -= n; }
  void OnOwed(int by) { owed_ += by; }
  void OnBelowLowMark(Http2Stream& stream) { writable_.push_back(stream); }
  // stream_id 0: only the connection's window.
  void OnConsumed(int32_t stream_id, size_t n);
  // Less for each when there are many, so that the connection stays within bounds.
  size_t StreamHighMark() const;
  // Flushes at the end of this turn.
  void Wake() {
    if (!in_turn_) Schedule();
  }
  // A failed nghttp2 call: out of memory, or a bug. The connection ends.
  void Check(int result) {
    if (result < 0) broken_ = true;
  }

  // ---- nghttp2's callbacks (http2_callbacks.cc). A false or null result breaks the connection.
  bool OnFrameBegin(const nghttp2_frame_hd& frame);
  bool OnHeadersBegin(const nghttp2_frame& frame);
  void OnHeader(const nghttp2_frame& frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  void OnFrame(const nghttp2_frame& frame);
  void OnInvalidFrame();
  void OnData(int32_t stream_id, std::span<const uint8_t> bytes);
  void OnFrameSent(const nghttp2_frame& frame);
  // Appends a DATA frame; false when no more should follow for now.
  bool OnSendData(const uint8_t* frame_head, size_t length, Http2Stream& stream);
  void OnStreamClosed(int32_t stream_id);

 private:
  enum class State : uint8_t { kServing, kLingering, kClosed };
  enum class Round : uint8_t { kIdle, kAgain, kBlocked, kLost };
  using Attention =
      boost::intrusive::list<Http2Stream,
                             boost::intrusive::member_hook<Http2Stream, Http2Stream::AttentionHook,
                                                           &Http2Stream::attention>,
                             boost::intrusive::constant_time_size<false>>;

  void MakeNative(bool websocket);
  Http2Stream* Find(int32_t stream_id);
  void Feed(const Slice& bytes);
  void OpenStream(Http2Stream& stream);
  void EndRequest(Http2Stream& stream, std::span<const Header> trailers);
  void Release(Http2Stream& stream, CloseCause cause);
  void Flush();
  Round FlushRound();
  bool Serialize();
  bool NotifyWritable();
  void SubmitStoredHeads();
  void Settle();
  void AwaitInput();
  bool Throttled() const;
  void DiscardInput();
  void Terminate(uint32_t error_code, const char* why);
  void Judge(bool acceptable);
  void FinalGoaway();
  void EndStreams();
  void Linger();
  void Close();
  void Schedule();
  void OnTurnEnd();
  void KeepTimer();
  void OnTimer();
  void Act(Http2Clock::Action action);

  Http2Server& server_;
  ChannelRef channel_;
  nghttp2_session* native_ = nullptr;
  boost::intrusive::list<Http2Stream> streams_;
  Attention stored_heads_;
  Attention writable_;
  Http2Guard guard_;
  Http2Clock clock_;
  Http2Output output_;
  void* table_page_ = nullptr;  // see Http2Memory::Trim
  Timer timer_;
  struct TurnEnd final : Task {
    TurnEnd(Http2Session* session, void (*run)(Task*)) : Task(run), owner(session) {}
    Http2Session* owner;
  } turn_end_;
  mh_buf* input_owner_ = nullptr;         // of the bytes being fed
  Http2Stream* header_stream_ = nullptr;  // whose header block is arriving
  Http2Stream* data_stream_ = nullptr;    // that the last DATA was for
  size_t queued_bytes_ = 0;
  int owed_ = 0;         // complete answers that the peer has not taken yet
  size_t consumed_ = 0;  // of the connection's window, not yet told to nghttp2
  State state_ = State::kServing;
  bool in_turn_ = false;
  bool scheduled_ = false;
  bool reading_ = false;  // AwaitReadable is pending
  bool read_more_ = false;
  bool writing_ = false;  // AwaitWritable is pending
  bool broken_ = false;
  bool draining_ = false;
  bool terminated_ = false;
  bool wrote_ = false;  // since the last Settle
};

}  // namespace meshhost
