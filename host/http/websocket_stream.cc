// SPDX-License-Identifier: Apache-2.0
//
// WebSocketStream drives Beast's WebSocket layer over a WebSocketTunnel. The handshake is judged
// here, because it arrives as an HTTP/1.1 upgrade or as an HTTP/2 extended CONNECT; Beast is then
// given one of its own making, from which it negotiates compression, and its answer becomes the
// session's response head.
//
//   kHandshake --chain passed--> kOpen --handler finished--> kClosing --Close answered--> kOver
//        |                         \---peer closed, failed, vanished--------------------> kOver
//        \--refused: ordinary HTTP answer
//
// Beast reads control frames only while a message is being read, so one message is always read
// ahead of the handler's credits. It has no time-out for what needs one here (Close that is never
// answered, peers that vanish): both timers are ours. Each operation of Beast's that is under way
// holds the exchange, because its handler comes back to this object.
#include "host/http/websocket_stream.h"

#include <algorithm>
#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <limits>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "host/call/exchange.h"
#include "host/http/problem_response.h"
#include "host/http/rest_stream.h"
#include "host/http/websocket_close.h"
#include "host/http/websocket_frame_guard.h"
#include "host/http/websocket_tunnel.h"

namespace meshhost {
namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

// How long a peer may take to answer Close, and a handler to finish after the peer's.
constexpr uint64_t kCloseNs = 5'000'000'000;
// Memory that an idle connection may keep of the last message.
constexpr size_t kKeptBuffer = 4096;
// Over HTTP/2 there is no key; Beast wants one.
constexpr std::string_view kAnyKey = "AAAAAAAAAAAAAAAAAAAAAA==";
constexpr uint16_t kVanished = 1006;

boost::beast::string_view ToBeast(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToStd(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Windows of 4 KiB and no context between messages: 40 KiB instead of 300 KiB for a connection.
websocket::permessage_deflate Compression() {
  websocket::permessage_deflate options;
  options.server_enable = true;
  options.server_max_window_bits = 12;
  options.client_max_window_bits = 12;
  options.server_no_context_takeover = true;
  options.client_no_context_takeover = true;
  options.compLevel = 3;
  options.memLevel = 4;
  options.msg_size_threshold = 256;
  return options;
}

Reason ReasonOf(const beast::error_code& ec) {
  if (ec == websocket::error::message_too_big) return Reason::kMessageTooLarge;
  return Reason::kMalformedMessage;
}

// A failure that the peer caused by what it sent, as opposed to going away.
bool IsViolation(const beast::error_code& ec) {
  return ec == websocket::condition::protocol_violation ||
         ec == websocket::error::message_too_big || ec == websocket::error::bad_frame_payload ||
         ec.category() == beast::error_code(beast::zlib::error::end_of_stream).category();
}

// Lives in the call's arena, together with its Exchange.
class WebSocketStream final : public StreamSink, public Responder {
 public:
  WebSocketStream(Loop& loop, boost::asio::io_context& io, const HttpSettings& settings,
                  Transport& transport, Arena* arena, const RequestHead& head, const PeerRef& peer,
                  const RouteMatch& match)
      : loop_(loop),
        io_(io),
        settings_(settings),
        transport_(transport),
        arena_(arena),
        exchange_(loop, *arena, head, peer, match, *this),
        ping_timer_([](void* self) { static_cast<WebSocketStream*>(self)->OnPingTimer(); }, this),
        close_timer_([](void* self) { static_cast<WebSocketStream*>(self)->OnCloseTimer(); },
                     this) {}

  void Start() { exchange_.Start(); }

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
  Sent SendHeaders(int, std::span<const Header>) override { return Sent::kInvalid; }
  Sent Send(const Message& message) override;
  void Finish(const Message* last, const Outcome& outcome) override;
  void Drain(Reason why) override { leaving_ = why; }
  void Destroy() override;

 private:
  using Socket = websocket::stream<WebSocketTunnel, true>;
  using ErrorCode = beast::error_code;
  enum class State : uint8_t { kHandshake, kOpen, kClosing, kOver };
  struct Outgoing {
    std::string bytes;
    bool text;
  };

  void Accept();
  void RefuseHandshake(const WebSocketHandshake& handshake);
  ErrorCode AcceptInBeast(const WebSocketHandshake& handshake);
  void SendResponseHead(const WebSocketHandshake& handshake);

  void Read();
  void ReadCompressed();
  void OnRead(const ErrorCode& ec);
  void OnPeerClose();
  void RefuseFrame(size_t n);
  void OnReadFailure(const ErrorCode& ec);
  void Deliver();
  void Queue(const Message& message);
  void Write();
  void OnWritten(const ErrorCode& ec);
  void OnWriteFailure();
  void TellWritable();
  size_t Unsent() const { return queued_bytes_ + transport_.unsent_bytes(); }
  void SendClose();
  void OnCloseSent(const ErrorCode& ec);
  void End(bool in_order);

  void OnPingTimer();
  void OnCloseTimer();

  // Runs `done` when one of Beast's operations ends.
  template <typename Done>
  auto Held(Done done) {
    exchange_.Hold();
    return [this, done](const ErrorCode& ec, auto... n) {
      done(ec, n...);
      exchange_.Release();
    };
  }

  Loop& loop_;
  boost::asio::io_context& io_;
  const HttpSettings& settings_;
  Transport& transport_;  // gone once OnClosed was called
  Arena* const arena_;
  Exchange exchange_;
  std::optional<Socket> socket_;
  std::string accept_;      // Sec-WebSocket-Accept, as Beast answered
  std::string extensions_;  // Sec-WebSocket-Extensions, likewise
  beast::flat_buffer incoming_;
  std::list<Outgoing> outgoing_;
  size_t queued_bytes_ = 0;
  size_t message_limit_ = 0;
  websocket::close_reason close_;
  uint32_t credits_ = 0;
  State state_ = State::kHandshake;
  bool gone_ = false;           // OnClosed was called
  bool request_ended_ = false;  // HTTP/1.1: the handshake's own body
  bool reading_ = false;
  bool message_held_ = false;  // incoming_ has a message that waits for a credit
  bool delivering_ = false;
  bool writing_ = false;
  bool pinging_ = false;
  bool pong_owed_ = false;  // nothing was heard since the last ping
  bool finished_ = false;
  Reason leaving_ = Reason::kNone;  // why the handler was asked to end
  bool writable_owed_ = false;
  bool in_order_ = false;
  bool frame_refused_ = false;
  WebSocketFrameGuard frames_;
  Timer ping_timer_;
  Timer close_timer_;
};

// ---- Handshake.

void WebSocketStream::Accept() {
  const Endpoint& endpoint = exchange_.endpoint();
  const WebSocketHandshake handshake =
      ReadHandshake(exchange_.head(), endpoint.subprotocols, *arena_);
  if (handshake.refusal != Reason::kNone) return RefuseHandshake(handshake);
  exchange_.set_subprotocol(handshake.subprotocol);
  socket_.emplace(io_, transport_);
  socket_->set_option(Compression());
  message_limit_ = endpoint.max_message != 0 ? endpoint.max_message : settings_.websocket_message;
  socket_->read_message_max(message_limit_);
  socket_->auto_fragment(false);
  if (const ErrorCode ec = AcceptInBeast(handshake)) {
    return exchange_.Abort(CancelReason::kLimit, Refusal(Reason::kMalformedRequest));
  }
  state_ = State::kOpen;
  SendResponseHead(handshake);
  if (settings_.websocket_ping_ns > 0) {
    loop_.timers().Arm(ping_timer_, loop_.now_ns() + settings_.websocket_ping_ns);
  }
  Read();
}

void WebSocketStream::RefuseHandshake(const WebSocketHandshake& handshake) {
  const Header version[] = {{"sec-websocket-version", "13"}};
  Outcome outcome = Refusal(handshake.refusal, handshake.why);
  if (handshake.other_version) outcome.trailers = version;
  exchange_.Abort(CancelReason::kLimit, outcome);
}

WebSocketStream::ErrorCode WebSocketStream::AcceptInBeast(const WebSocketHandshake& handshake) {
  namespace http = beast::http;
  http::request<http::empty_body> request(http::verb::get, "/", 11);
  request.set(http::field::host, "localhost");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::connection, "upgrade");
  request.set(http::field::sec_websocket_version, "13");
  request.set(http::field::sec_websocket_key,
              ToBeast(handshake.key.empty() ? kAnyKey : handshake.key));
  if (!handshake.extensions.empty()) {
    request.set(http::field::sec_websocket_extensions, ToBeast(handshake.extensions));
  }
  socket_->set_option(websocket::stream_base::decorator([this](websocket::response_type& response) {
    accept_ = ToStd(response[http::field::sec_websocket_accept]);
    extensions_ = ToStd(response[http::field::sec_websocket_extensions]);
  }));
  ErrorCode ec;
  socket_->accept(request, ec);
  return ec;
}

void WebSocketStream::SendResponseHead(const WebSocketHandshake& handshake) {
  std::array<Header, 5> headers;
  size_t n = 0;
  const bool upgrade = exchange_.head().version != HttpVersion::kHttp2;
  if (upgrade) {
    headers[n++] = {"upgrade", "websocket"};
    headers[n++] = {"connection", "upgrade"};
    headers[n++] = {"sec-websocket-accept", accept_};
  }
  if (!handshake.subprotocol.empty()) {
    headers[n++] = {"sec-websocket-protocol", handshake.subprotocol};
  }
  if (!extensions_.empty()) headers[n++] = {"sec-websocket-extensions", extensions_};
  transport_.SendHead(upgrade ? 101 : 200, exchange_.WithResponseFields({headers.data(), n}), -1);
}

// ---- From the stream below.

void WebSocketStream::OnBody(const Slice& bytes) {
  if (!socket_ || state_ == State::kOver) return transport_.Consume(bytes.n);
  pong_owed_ = false;
  if (!frames_.Follow(ToView(bytes), settings_.websocket_frame)) return RefuseFrame(bytes.n);
  socket_->next_layer().Feed(bytes);
}

// Nothing behind a frame that is too large is looked at: the peer is told, and that was it.
void WebSocketStream::RefuseFrame(size_t n) {
  transport_.Consume(n);
  if (frame_refused_) return;
  frame_refused_ = true;
  if (state_ == State::kOpen) {
    exchange_.Abort(CancelReason::kLimit,
                    Refusal(Reason::kMessageTooLarge, "the frame is too large"));
  }
  socket_->next_layer().FeedEnd();
}

void WebSocketStream::OnBodyEnd(std::span<const Header>) {
  const bool handshake = exchange_.head().version != HttpVersion::kHttp2 && !request_ended_;
  request_ended_ = true;
  if (!handshake && socket_) socket_->next_layer().FeedEnd();
}

void WebSocketStream::OnWritable() {
  if (socket_) socket_->next_layer().ResumeWriting();
  TellWritable();
}

void WebSocketStream::OnClosed(CloseCause cause) {
  gone_ = true;
  ping_timer_.Disarm();
  close_timer_.Disarm();
  if (socket_) socket_->next_layer().Detach();
  const bool in_order = socket_ ? in_order_ : true;
  if (socket_ && exchange_.final().http_status == 0) exchange_.set_http_status(kVanished);
  exchange_.TransportDone(cause == CloseCause::kCompleted && in_order);
}

void WebSocketStream::Destroy() {
  ArenaPool& pool = loop_.arenas();
  Arena* const arena = arena_;
  this->~WebSocketStream();
  pool.Give(arena);
}

// ---- Messages from the peer.

void WebSocketStream::Read() {
  if (reading_ || message_held_ || state_ != State::kOpen || gone_) return;
  reading_ = true;
  if (!extensions_.empty()) return ReadCompressed();
  socket_->async_read(incoming_, Held([this](const ErrorCode& ec, size_t) { OnRead(ec); }));
}

// Beast (1.81) takes a message for damaged that inflates to more than the space it was offered, if
// its last bytes do. So the space is that of the largest message; what is not touched is no memory.
void WebSocketStream::ReadCompressed() {
  const auto space = incoming_.prepare(message_limit_ + 1 - incoming_.size());
  socket_->async_read_some(space, Held([this](const ErrorCode& ec, size_t n) {
                             incoming_.commit(n);
                             if (ec || gone_ || socket_->is_message_done()) return OnRead(ec);
                             ReadCompressed();
                           }));
}

void WebSocketStream::OnRead(const ErrorCode& ec) {
  reading_ = false;
  if (gone_ || state_ == State::kOver) return;
  if (ec == websocket::error::closed) return OnPeerClose();
  if (ec) return OnReadFailure(ec);
  if (state_ == State::kClosing) return incoming_.clear();
  message_held_ = true;
  Deliver();
}

// The peer has sent its last message, and Beast has answered its Close. What the handler makes of
// it is the outcome; there is little that it can still do.
void WebSocketStream::OnPeerClose() {
  const bool closing = state_ == State::kClosing;
  in_order_ = true;
  if (closing) return;  // SendClose is told by Beast
  state_ = State::kOver;
  const uint16_t code = socket_->reason().code;
  exchange_.set_http_status(code == 0 ? 1005 : code);
  loop_.timers().Arm(close_timer_, loop_.now_ns() + kCloseNs);
  exchange_.DeliverHalfClose();
}

void WebSocketStream::OnReadFailure(const ErrorCode& ec) {
  if (state_ == State::kClosing) return;  // SendClose fails by itself
  state_ = State::kOver;
  if (!IsViolation(ec)) return End(false);
  const Outcome outcome = Refusal(ReasonOf(ec));
  exchange_.Abort(CancelReason::kLimit, outcome);
}

void WebSocketStream::Pull(uint32_t messages) {
  if (state_ == State::kHandshake && !finished_ && !socket_) {
    Accept();
    if (finished_) return;
  }
  credits_ += std::min(messages, std::numeric_limits<uint32_t>::max() - credits_);
  Deliver();
}

void WebSocketStream::Deliver() {
  if (delivering_) return;
  delivering_ = true;
  while (message_held_ && credits_ > 0 && !finished_) {
    --credits_;
    const auto bytes = incoming_.cdata();
    const Slice slice = {static_cast<const uint8_t*>(bytes.data()), bytes.size(), nullptr};
    exchange_.DeliverMessage({&slice, 1, socket_->got_text() ? MH_MSG_TEXT : 0u});
    message_held_ = false;
    incoming_.clear();
    if (slice.n > kKeptBuffer) incoming_ = beast::flat_buffer();
    Read();
  }
  delivering_ = false;
}

// ---- Messages to the peer.

Sent WebSocketStream::Send(const Message& message) {
  if (state_ != State::kOpen) return Sent::kCancelled;
  if (Unsent() >= transport_.high_mark()) {
    writable_owed_ = true;
    return Sent::kAgain;
  }
  Queue(message);
  Write();
  return Sent::kTaken;
}

void WebSocketStream::Queue(const Message& message) {
  Outgoing& out = outgoing_.emplace_back(Outgoing{{}, (message.flags & MH_MSG_TEXT) != 0});
  out.bytes.reserve(MessageSize(message));
  for (uint32_t i = 0; i < message.n; ++i) out.bytes.append(ToView(message.v[i]));
  queued_bytes_ += out.bytes.size();
}

void WebSocketStream::Write() {
  if (writing_ || outgoing_.empty() || gone_) return;
  writing_ = true;
  const Outgoing& out = outgoing_.front();
  socket_->text(out.text);
  socket_->async_write(boost::asio::const_buffer(out.bytes.data(), out.bytes.size()),
                       Held([this](const ErrorCode& ec, size_t) { OnWritten(ec); }));
}

void WebSocketStream::OnWritten(const ErrorCode& ec) {
  writing_ = false;
  queued_bytes_ -= outgoing_.front().bytes.size();
  outgoing_.pop_front();
  if (gone_) return;
  if (ec) return OnWriteFailure();
  if (!outgoing_.empty()) {
    Write();
  } else if (state_ == State::kClosing) {
    SendClose();
  }
  TellWritable();
}

// While open the read fails too, and says so; a Close that waits for this write is not sent any
// more.
void WebSocketStream::OnWriteFailure() {
  if (state_ != State::kClosing) return;
  state_ = State::kOver;
  End(false);
}

void WebSocketStream::TellWritable() {
  // Not half the mark: a transport that never was above its mark has no event for us later.
  if (!writable_owed_ || gone_ || Unsent() >= transport_.high_mark()) return;
  writable_owed_ = false;
  exchange_.DeliverWritable();
}

// ---- Ends.

void WebSocketStream::Finish(const Message* last, const Outcome& outcome) {
  finished_ = true;
  if (state_ == State::kHandshake) {
    SendProblem(transport_, exchange_, outcome);
    return;
  }
  if (state_ == State::kOver) {
    if (!in_order_) exchange_.set_http_status(CloseCodeOf(outcome, leaving_));
    return End(in_order_);
  }
  state_ = State::kClosing;
  const std::string_view reason = CloseReasonOf(outcome.message);
  close_.code = CloseCodeOf(outcome, leaving_);
  close_.reason.assign(reason.data(), reason.size());
  exchange_.set_http_status(close_.code);
  if (last != nullptr) Queue(*last);
  loop_.timers().Arm(close_timer_, loop_.now_ns() + kCloseNs);
  Write();
  if (!writing_) SendClose();
}

void WebSocketStream::SendClose() {
  socket_->async_close(close_, Held([this](const ErrorCode& ec) { OnCloseSent(ec); }));
}

// The peer has answered it too, unless `ec`.
void WebSocketStream::OnCloseSent(const ErrorCode& ec) {
  if (gone_) return;
  state_ = State::kOver;
  End(in_order_ || !ec);
}

void WebSocketStream::End(bool in_order) {
  in_order_ = in_order;
  ping_timer_.Disarm();
  close_timer_.Disarm();
  transport_.End({});
}

void WebSocketStream::OnCloseTimer() { transport_.Reset(ResetReason::kCancel); }

// ---- Liveness.

void WebSocketStream::OnPingTimer() {
  if (state_ != State::kOpen) return;
  // While a message waits for the handler nothing is read, so nothing is expected either.
  if (pong_owed_ && reading_) return transport_.Reset(ResetReason::kCancel);
  if (!pinging_) {
    pinging_ = true;
    pong_owed_ = true;
    socket_->async_ping({}, Held([this](const ErrorCode&) { pinging_ = false; }));
  }
  loop_.timers().Arm(ping_timer_, loop_.now_ns() + settings_.websocket_ping_ns);
}

}  // namespace

StreamSink* OpenWebSocketStream(Loop& loop, boost::asio::io_context& io, const Directory& directory,
                                const HttpSettings& settings, Transport& transport, Arena* arena,
                                const RequestHead& head, const PeerRef& peer) {
  const RouteMatch match = directory.FindWebSocket(head, *arena);
  if (match.endpoint->kind != Kind::kWebSocket || match.endpoint->name.empty()) {
    return OpenRestStream(loop, directory, settings, transport, arena, head, peer);
  }
  auto* stream =
      arena->New<WebSocketStream>(loop, io, settings, transport, arena, head, peer, match);
  stream->Start();
  return stream;
}

}  // namespace meshhost
