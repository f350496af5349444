// SPDX-License-Identifier: Apache-2.0
#include "host/http/rest_stream.h"

#include <algorithm>
#include <limits>

#include "host/call/byte_queue.h"
#include "host/call/exchange.h"
#include "host/http/field_syntax.h"
#include "host/http/percent_encoding.h"
#include "host/http/problem.h"
#include "host/http/problem_response.h"
#include "host/http/request_body.h"

namespace meshhost {
namespace {

constexpr std::string_view kAllMethods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

std::span<const Slice> Pieces(const Message& message) { return {message.v, message.n}; }

bool IsError(const Outcome& outcome) {
  return outcome.http_status != 0 ? outcome.http_status >= 400 : outcome.code != Code::kOk;
}

// Lives in the call's arena, together with its Exchange.
class RestStream final : public StreamSink, public Responder {
 public:
  RestStream(Loop& loop, const Directory& directory, const HttpSettings& settings,
             Transport& transport, Arena* arena, const RequestHead& head, const PeerRef& peer)
      : loop_(loop),
        settings_(settings),
        transport_(transport),
        arena_(arena),
        head_(head),
        exchange_(loop, *arena, head, peer, directory.FindRoute(head, *arena), *this),
        gathers_(!exchange_.endpoint().client_stream),
        is_head_(head.method == "HEAD"),
        body_timer_([](void* self) { static_cast<RestStream*>(self)->OnBodyTimer(); }, this),
        write_timer_([](void* self) { static_cast<RestStream*>(self)->OnWriteTimer(); }, this) {
    const uint64_t limit = exchange_.endpoint().max_message;
    const uint64_t otherwise = gathers_ ? settings.http_body : std::numeric_limits<uint64_t>::max();
    body_limit_ = limit != 0 ? limit : otherwise;
    if (exchange_.endpoint().name.empty()) misuse_ = MisuseOf(directory);
  }

  void Start() {
    if (!IsPercentEncoded(head_.path)) {
      exchange_.RefuseHead(
          Refusal(Reason::kMalformedRequest, "the path's percent-encoding is malformed"));
    }
    exchange_.Start();
  }

  // StreamSink.
  void OnBody(const Slice& bytes) override;
  void OnBodyEnd(std::span<const Header> trailers) override;
  void OnBodyRefused(const Outcome& outcome) override {
    exchange_.Abort(CancelReason::kLimit, outcome);
  }
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
  void RefuseBody();
  void Deliver();
  void DeliverWhole();
  void DeliverPieces();
  void StartHead(int status, std::span<const Header> headers, int64_t content_length);
  void SendPieces(const Message& message);
  void FinishBegun(const Message* last, const Outcome& outcome);
  void FinishWhole(int status, const Message* last, std::span<const Header> trailers);
  void AnswerProblem(const Outcome& outcome);
  void AnswerOptions();
  Reason MisuseOf(const Directory& directory) const;
  void WatchBody();
  void OnBodyTimer();
  void WatchWrites();
  void OnWriteTimer();

  Loop& loop_;
  const HttpSettings& settings_;
  Transport& transport_;  // gone once OnClosed was called
  Arena* const arena_;
  const RequestHead& head_;
  Exchange exchange_;
  RequestBody body_;                // when gathering
  ByteQueue arrived_;               // else: what nobody has asked for yet
  std::span<Header> held_headers_;  // until it is known how the body will be framed
  int held_status_ = 0;             // 0: SendHeaders was not called
  Reason misuse_ = Reason::kNone;   // why a path that is no route is refused, if not as unknown
  uint64_t body_limit_;
  uint64_t received_ = 0;
  uint64_t sent_ = 0;          // response body bytes handed to the transport
  uint64_t last_written_ = 0;  // of them, written when last looked
  uint64_t body_deadline_ns_ = 0;
  uint32_t credits_ = 0;
  const bool gathers_;
  const bool is_head_;
  bool body_wanted_ = false;
  bool body_ended_ = false;
  bool all_delivered_ = false;
  bool delivering_ = false;
  bool head_sent_ = false;
  bool finished_ = false;
  bool writable_owed_ = false;
  Timer body_timer_;
  Timer write_timer_;
};

void RestStream::OnBody(const Slice& bytes) {
  if (finished_) return transport_.Consume(bytes.n);
  received_ += bytes.n;
  body_deadline_ns_ = loop_.now_ns() + settings_.body_idle_ns;
  if (received_ > body_limit_) {
    transport_.Consume(bytes.n);
    return RefuseBody();
  }
  if (gathers_) {
    body_.Append(bytes, head_.content_length.value_or(0));
    return transport_.Consume(bytes.n);
  }
  arrived_.Append(bytes);
  Deliver();
}

void RestStream::RefuseBody() {
  exchange_.Abort(CancelReason::kLimit, Refusal(Reason::kBodyTooLarge));
}

void RestStream::OnBodyEnd(std::span<const Header>) {
  body_ended_ = true;
  body_timer_.Disarm();
  Deliver();
}

void RestStream::OnWritable() {
  if (!writable_owed_) return;
  writable_owed_ = false;
  exchange_.DeliverWritable();
}

void RestStream::OnClosed(CloseCause cause) {
  body_timer_.Disarm();
  write_timer_.Disarm();
  finished_ = true;
  exchange_.TransportDone(cause == CloseCause::kCompleted);
}

void RestStream::Destroy() {
  ArenaPool& pool = loop_.arenas();
  Arena* const arena = arena_;
  this->~RestStream();
  pool.Give(arena);
}

void RestStream::Pull(uint32_t messages) {
  credits_ += std::min(messages, std::numeric_limits<uint32_t>::max() - credits_);
  if (!body_wanted_) {
    body_wanted_ = true;
    if (head_.content_length.value_or(0) > body_limit_) return RefuseBody();
    if (!body_ended_) transport_.Consume(0);  // "100 Continue", where it is awaited
  }
  if (!body_ended_) WatchBody();
  Deliver();
}

void RestStream::Deliver() {
  // A handler may pull from inside a delivery.
  if (delivering_ || finished_) return;
  delivering_ = true;
  if (gathers_) {
    DeliverWhole();
  } else {
    DeliverPieces();
  }
  delivering_ = false;
}

void RestStream::DeliverWhole() {
  if (!body_ended_ || credits_ == 0 || all_delivered_) return;
  all_delivered_ = true;
  const Slice slice = body_.slice();
  exchange_.DeliverMessage({&slice, slice.n > 0 ? 1u : 0u, 0});
}

void RestStream::DeliverPieces() {
  while (credits_ > 0 && !arrived_.empty() && !finished_) {
    --credits_;
    const Slice piece = arrived_.Front();
    exchange_.DeliverMessage({&piece, 1, 0});
    arrived_.Pop(piece.n);
    transport_.Consume(piece.n);
  }
  if (!body_ended_ || !arrived_.empty() || all_delivered_ || finished_) return;
  all_delivered_ = true;
  exchange_.DeliverHalfClose();
}

Sent RestStream::SendHeaders(int status, std::span<const Header> headers) {
  if (status == 0) status = 200;
  if (status < 200 || status > 599) return Sent::kInvalid;
  const std::span<Header> kept = arena_->NewArray<Header>(headers.size());
  size_t n = 0;
  for (const Header& header : headers) {
    if (!IsToken(header.name) || !IsFieldValue(header.value)) return Sent::kInvalid;
    if (IsConnectionField(header.name)) continue;
    kept[n++] = {arena_->Copy(header.name), arena_->Copy(header.value)};
  }
  held_status_ = status;
  held_headers_ = kept.first(n);
  // A stream's peer waits for the head, not for the first message.
  if (exchange_.endpoint().server_stream) StartHead(status, held_headers_, -1);
  return Sent::kTaken;
}

void RestStream::StartHead(int status, std::span<const Header> headers, int64_t content_length) {
  head_sent_ = true;
  exchange_.set_http_status(status);
  transport_.SendHead(status, exchange_.WithResponseFields(headers), content_length);
}

Sent RestStream::Send(const Message& message) {
  if (transport_.unsent_bytes() >= transport_.high_mark()) {
    writable_owed_ = true;
    WatchWrites();
    return Sent::kAgain;
  }
  if (!head_sent_) StartHead(held_status_ != 0 ? held_status_ : 200, held_headers_, -1);
  SendPieces(message);
  return Sent::kTaken;
}

void RestStream::SendPieces(const Message& message) {
  if (is_head_) return;
  sent_ += MessageSize(message);
  transport_.SendBody(Pieces(message));
  WatchWrites();
}

void RestStream::Finish(const Message* last, const Outcome& outcome) {
  finished_ = true;
  body_timer_.Disarm();
  if (head_sent_) return FinishBegun(last, outcome);
  const bool unrouted = outcome.reason == Reason::kRouteNotFound;
  if (head_.method == "OPTIONS" &&
      (outcome.reason == Reason::kMethodNotAllowed || (unrouted && head_.path == "*"))) {
    return AnswerOptions();
  }
  if (unrouted && misuse_ != Reason::kNone) return AnswerProblem(Refusal(misuse_));
  if (IsError(outcome) && last == nullptr) return AnswerProblem(outcome);
  if (IsError(outcome) || outcome.http_status != 0) {
    return FinishWhole(ProblemStatus(outcome), last, outcome.trailers);
  }
  const int usual = last != nullptr && MessageSize(*last) > 0 ? 200 : 204;
  FinishWhole(held_status_ != 0 ? held_status_ : usual, last, outcome.trailers);
}

void RestStream::FinishBegun(const Message* last, const Outcome& outcome) {
  // The status has left already: only a cut-off response can still say that it went wrong.
  if (IsError(outcome)) return transport_.Reset(ResetReason::kInternal);
  if (last != nullptr) SendPieces(*last);
  transport_.End(SendableFields(outcome.trailers, *arena_));
}

void RestStream::FinishWhole(int status, const Message* last, std::span<const Header> trailers) {
  const bool without_body = status == 204 || status == 304;
  const size_t size = last != nullptr ? MessageSize(*last) : 0;
  // HTTP/1.1 has trailers with chunks only.
  const bool framed = trailers.empty() || head_.version != HttpVersion::kHttp1_1;
  const int64_t length = framed || without_body ? static_cast<int64_t>(size) : -1;
  StartHead(status, held_headers_, without_body ? 0 : length);
  if (size > 0 && !without_body) SendPieces(*last);
  transport_.End(SendableFields(trailers, *arena_));
}

void RestStream::AnswerProblem(const Outcome& outcome) {
  head_sent_ = true;
  sent_ += SendProblem(transport_, exchange_, outcome);
  WatchWrites();
}

void RestStream::AnswerOptions() {
  const std::string_view allow = head_.path == "*" ? kAllMethods : exchange_.allow();
  const Header headers[] = {{"allow", allow}};
  StartHead(204, headers, 0);
  transport_.End({});
}

// The path may be served, but not to a plain HTTP request.
Reason RestStream::MisuseOf(const Directory& directory) const {
  const RouteMatch match = directory.FindWebSocket(head_, *arena_);
  const bool websocket = match.endpoint->kind == Kind::kWebSocket && !match.endpoint->name.empty();
  if (websocket) return Reason::kNotAnUpgrade;
  const bool grpc = !directory.FindMethod(head_.path)->name.empty();
  return grpc ? Reason::kUnsupportedMediaType : Reason::kNone;
}

void RestStream::WatchBody() {
  if (settings_.body_idle_ns == 0 || body_timer_.armed()) return;
  body_deadline_ns_ = loop_.now_ns() + settings_.body_idle_ns;
  loop_.timers().Arm(body_timer_, body_deadline_ns_);
}

void RestStream::OnBodyTimer() {
  // Waiting for the handler to pull is not the peer's fault.
  if (!gathers_ && credits_ == 0) body_deadline_ns_ = loop_.now_ns() + settings_.body_idle_ns;
  if (loop_.now_ns() < body_deadline_ns_) {
    return loop_.timers().Arm(body_timer_, body_deadline_ns_);
  }
  exchange_.Abort(CancelReason::kLimit, Refusal(Reason::kBodyTimeout));
}

// A peer that grants a stream no window stalls the stream, not the connection. HTTP/1.1 sessions
// watch the connection themselves.
void RestStream::WatchWrites() {
  if (head_.version != HttpVersion::kHttp2 || settings_.write_idle_ns == 0) return;
  if (!write_timer_.armed()) {
    loop_.timers().Arm(write_timer_, loop_.now_ns() + settings_.write_idle_ns);
  }
}

void RestStream::OnWriteTimer() {
  const size_t unsent = transport_.unsent_bytes();
  if (unsent == 0) return;
  const uint64_t written = sent_ - std::min<uint64_t>(unsent, sent_);
  if (written == last_written_) return transport_.Reset(ResetReason::kCancel);
  last_written_ = written;
  WatchWrites();
}

}  // namespace

StreamSink* OpenRestStream(Loop& loop, const Directory& directory, const HttpSettings& settings,
                           Transport& transport, Arena* arena, const RequestHead& head,
                           const PeerRef& peer) {
  auto* stream = arena->New<RestStream>(loop, directory, settings, transport, arena, head, peer);
  stream->Start();
  return stream;
}

}  // namespace meshhost
