// SPDX-License-Identifier: Apache-2.0
//
// Http1Session: one HTTP/1.1 connection. Requests are taken one after the other: the next is parsed
// once the answer to the one before is complete (though perhaps not yet written), so answers cannot
// get out of order and a peer that pipelines owns no more than its socket buffers and one block.
//
//   kHead --head complete--> kRequest --answered, body read----> kHead
//                                     --answered, body unread--> kDrain --body read--> kHead
//                                     --101 sent--> kTunnel
//   kHead, kRequest, kDrain, kTunnel --answered for the last time, refused--> kFlush
//   kFlush --written--> kLinger, when input is unread, else kClosed
//   kLinger --peer closed, time-out--> kClosed
//
// kLinger: an answer to a request that was not read to its end would be lost if the socket were
// closed with bytes unread (TCP answers with a reset), so what arrives is discarded for a moment.
//
// While idle the session owns neither arena nor buffer. All sink calls are made from Turn, never
// from inside a Transport function; what a sink asked for is settled when it returns.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/task.h"
#include "host/base/timer_wheel.h"
#include "host/call/outcome.h"
#include "host/call/transport.h"
#include "host/http/http1_output.h"
#include "host/http/http1_parser.h"
#include "host/http/http1_server.h"
#include "host/net/channel.h"

namespace meshhost {

// Made by Http1Server and in its list; destroys itself at the end of the turn that closed it.
// Worker thread only.
class Http1Session final : public ChannelEvents,
                           public Transport,
                           private Task,
                           public boost::intrusive::list_base_hook<
                               boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Http1Session(Http1Server& server, ChannelRef channel);
  ~Http1Session() override;

  void Start(std::span<const uint8_t> already_read);
  // Closes when idle, else after the next response.
  void Drain();
  const Peer& peer() const { return *channel_->peer(); }
  // Ends the connection at once; sinks learn of it.
  void Kill();

  // ChannelEvents.
  void OnReadable() override;
  void OnWritable() override;

  // Transport of the request that is open.
  void SendHead(int status, std::span<const Header> headers, int64_t content_length) override;
  void SendBody(std::span<const Slice> pieces) override;
  void End(std::span<const Header> trailers) override;
  void Reset(ResetReason reason) override;
  void Consume(size_t n) override;
  size_t unsent_bytes() const override { return out_.size(); }
  size_t high_mark() const override { return server_.settings_.connection_buffer; }
  bool draining() const override { return server_.draining_; }

 private:
  enum class Phase : uint8_t { kHead, kRequest, kDrain, kTunnel, kFlush, kLinger, kClosed };
  // A sink that has ended its response: told when so many bytes of the connection are written.
  struct Answered {
    StreamSink* sink;
    uint64_t end;
  };

  // ---- Turns.
  static void RunTurn(Task* task);
  void Schedule();
  void Turn(bool readable);
  bool ReadOnce();
  bool ProcessPending();
  bool CanProcessPending() const;
  void ProcessAndKeep(const Slice& bytes);
  void Await();
  bool WantsInput() const;
  bool Blocked() const;

  // ---- Input. Each returns how many bytes it used.
  size_t Process(const Slice& bytes);
  size_t TakeHead(const Slice& bytes);
  size_t TakeBody(const Slice& bytes);
  size_t TakeTunnel(const Slice& bytes);
  void Dispatch();
  void OnPeerEnd();
  Slice Part(const Slice& bytes, std::string_view part) const;

  // ---- Output (http1_session_output.cc).
  void Flush();
  void Write();
  void TellAnswered();
  bool TellWritable();
  void ChooseFraming(int status, int64_t content_length);
  void FormatHead(int status, std::span<const Header> headers, int64_t content_length);
  char* FormatFraming(char* at, int status, int64_t content_length);

  // ---- Ends.
  void Settle();
  void FinishRequest();
  void DispatchRefused(const Outcome& outcome);
  void RefuseBody(const Outcome& outcome);
  void Finish();
  void Lose(CloseCause cause);
  void DropRequest();

  // ---- Time. A deadline may move later without touching the wheel.
  void SetInputDeadline(uint64_t in_ns);
  void OnInputDeadline();
  void SetOutputDeadline();
  void OnOutputDeadline();

  // Of a request body that nobody wants any more: read to keep the connection, else close it.
  static constexpr size_t kDrainBytes = 256 * 1024;

  Http1Server& server_;
  ChannelRef channel_;
  Http1Output out_;
  std::string pending_;  // input that could not be used yet
  std::optional<Http1Parser> parser_;
  Arena* arena_ = nullptr;  // until the request is dispatched
  StreamSink* sink_ = nullptr;
  std::vector<Answered> answered_;
  Timer input_timer_;
  Timer output_timer_;
  uint64_t input_deadline_ns_ = 0;  // 0: none
  uint64_t output_deadline_ns_ = 0;
  uint64_t written_ = 0;  // bytes, ever
  size_t unconsumed_ = 0;
  size_t discarded_ = 0;
  int64_t body_left_ = -1;  // of the declared Content-Length
  uint32_t requests_ = 0;
  Phase phase_ = Phase::kHead;
  bool in_turn_ = false;
  bool scheduled_ = false;
  bool awaiting_read_ = false;
  bool awaiting_write_ = false;
  bool read_again_ = false;       // there is input that signals no readiness
  bool starved_ = false;          // the parser needs more bytes
  bool pending_partial_ = false;  // pending_ is of use only with more bytes behind it
  bool peer_ended_ = false;
  // Of the request that is open.
  bool head_request_ = false;
  bool http10_ = false;
  bool body_done_ = false;  // OnBodyEnd was called
  bool continue_owed_ = false;
  bool response_started_ = false;
  bool response_ended_ = false;
  bool bodyless_ = false;
  bool chunked_ = false;
  bool upgraded_ = false;
  bool reset_ = false;
  bool keep_alive_ = true;
  bool above_high_ = false;
};

}  // namespace meshhost
