// SPDX-License-Identifier: Apache-2.0
//
// GrpcStream: gRPC over one HTTP/2 stream. It is the stream's sink, the exchange's responder, and
// the exchange's owner, all in the call's arena.
//
//   transport --bytes--> frame reader --messages--> exchange --> filters, handler
//   transport <--head, prefixed messages, trailers-- exchange
//
// The window follows the handler: bytes go back to the peer when the message they belong to has
// been delivered (or moved into memory that is bounded by the message limit), and messages are only
// looked for while the handler has pulled some. An endpoint without a client stream gets its one
// message once the request has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "host/base/arena.h"
#include "host/call/byte_queue.h"
#include "host/call/exchange.h"
#include "host/call/responder.h"
#include "host/call/transport.h"
#include "host/grpc/frame_reader.h"

namespace meshhost {

// What the codec obeys; plain values that outlive the streams.
struct GrpcSettings {
  size_t message_in = 4 * 1024 * 1024;
  size_t message_out = 4 * 1024 * 1024;
  bool gzip_answers = false;  // when the client accepts it
};

// "application/grpc", alone or with a suffix ("+proto") or parameters. Any thread.
bool IsGrpcContentType(std::string_view content_type);

// Makes what runs a gRPC request (IsGrpcContentType): takes over the arena, never null. Worker
// thread only.
StreamSink* OpenGrpcStream(Loop& loop, const Directory& directory, const GrpcSettings& settings,
                           Transport& transport, Arena* arena, const RequestHead& head,
                           const PeerRef& peer);

// Owns itself until the exchange ends. Worker thread only.
class GrpcStream final : public StreamSink, public Responder {
 public:
  GrpcStream(Loop& loop, const GrpcSettings& settings, Transport& transport, Arena& arena,
             const RequestHead& head, const PeerRef& peer, const RouteMatch& match);
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  void Start();

  // StreamSink.
  void OnBody(const Slice& bytes) override;
  void OnBodyEnd(std::span<const Header> trailers) override;
  void OnBodyRefused(const Outcome& outcome) override { Fail(outcome); }
  void OnWritable() override;
  void OnClosed(CloseCause cause) override;

  // Responder.
  void Pull(uint32_t messages) override;
  Sent SendHeaders(int status, std::span<const Header> headers) override;
  Sent Send(const Message& message) override;
  void Finish(const Message* last, const Outcome& outcome) override;
  void Drain(Reason) override {}
  void Destroy() override;

 private:
  ~GrpcStream() = default;

  // Empty reason: the request head is fine.
  Outcome CheckHead();
  Outcome CheckEncoding(std::string_view encoding);
  bool Parsing() const { return credits_ > 0 && !input_done_; }
  size_t Parse(Slice input);
  bool TakeStep(const GrpcFrameReader::Step& step);
  void TakeMessage(const Slice& message);
  void KeepFirst(const Slice& message);
  void Deliver(const Slice& message);
  void ParsePending();
  void DropPending();
  void EndInput();
  void Fail(const Outcome& outcome);
  void Violation(std::string_view what);
  void SendHead(std::span<const Header> metadata, std::span<const Header> more);
  void SendMessage(const Message& message);
  void WriteMessage(const Message& message, bool compressed);
  std::span<const Header> StatusFields(const Outcome& outcome);

  Loop& loop_;
  const GrpcSettings& settings_;
  Transport* transport_;  // null once closed
  Arena& arena_;
  Exchange exchange_;
  GrpcFrameReader reader_;
  ByteQueue pending_;  // arrived, not looked at: no credits
  HeldSlice held_;     // owner of first_, when it has one
  Slice first_{};      // the message of an endpoint without client stream
  uint32_t credits_ = 0;
  bool have_first_ = false;
  bool request_ended_ = false;
  bool input_done_ = false;
  bool parsing_pending_ = false;
  bool request_gzip_ = false;
  bool answer_gzip_ = false;
  bool head_sent_ = false;
};

}  // namespace meshhost
