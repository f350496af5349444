// SPDX-License-Identifier: Apache-2.0
//
// Goal: a WebSocket as its peer and its handler see it: handshake, messages, credits,
// back-pressure, liveness, closing. Method: frames in, frames out, on an HTTP/1.1 session with a
// fake channel; for RFC 8441 on a transport that only records.
#include "host/http/websocket_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/beast/zlib/deflate_stream.hpp>
#include <string>

#include "host/http/http1_server.h"
#include "tests/unit/http/http_fixture.h"
#include "tests/unit/http/websocket_frames.h"

namespace meshhost {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr char kHandshake[] =
    "Host: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

class WebSocketTest : public ::testing::Test, public Dispatcher {
 protected:
  WebSocketTest() {
    Endpoint& echo = Add("/echo", [this](Exchange& e, const Message*) {
      Keep(e);
      call_.on_message = [this](const std::string& text) {
        const Slice slice = BorrowedSlice(text);
        const Message message{&slice, 1, call_.flags.back()};
        call_.exchange->Send(message);
        call_.exchange->Pull(1);
      };
      e.Pull(1);
    });
    echo.max_message = 100'000;
    Add("/manual", [this](Exchange& e, const Message*) { Keep(e); });
    Add("/chat", [this](Exchange& e, const Message*) { Keep(e); }).subprotocols = {"v2.chat",
                                                                                   "v1.chat"};
    directory_.Add("GET", "/plain", [](Exchange& e, const Message*) { FinishWith(e, "rest"); });
  }
  ~WebSocketTest() override {
    if (server_ != nullptr) server_->CloseAll();
    if (call_.exchange != nullptr) call_.exchange->Finish(nullptr, {});
    Run();
    EXPECT_EQ(directory_.calls().calls(), 0u);
  }

  Endpoint& Add(std::string path, LambdaHandler::Function function) {
    Endpoint& endpoint = directory_.Add("GET", std::move(path), std::move(function));
    endpoint.kind = Kind::kWebSocket;
    endpoint.client_stream = endpoint.server_stream = true;
    return endpoint;
  }
  void Keep(Exchange& exchange) {
    call_.exchange = &exchange;
    exchange.SetReceiver(call_);
  }

  void Connect() {
    if (server_ == nullptr) {
      directory_.Compile();
      server_ = std::make_unique<Http1Server>(
          loop_, [this]() -> Block& { return loop_.read_block(); }, *this, settings_);
    }
    channel_ = new FakeChannel;
    server_->Serve(channel_, {});
    Run();
  }
  std::string Ask(std::string_view path, std::string_view fields = kHandshake) {
    Connect();
    Send("GET " + std::string(path) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n");
    return channel_->TakeOutput();
  }
  void Send(std::string_view bytes) {
    channel_->Feed(bytes);
    Run();
  }
  // What is ready: tasks of the loop and handlers of Asio.
  void Run() {
    size_t handled = 0;
    size_t unread = 0;
    do {
      loop_.RunUntilIdle();
      io_.restart();
      handled = io_.poll();
      unread = channel_ != nullptr ? channel_->unread() : 0;
      if (channel_ != nullptr) channel_->SignalReadable();
    } while (handled > 0 || (channel_ != nullptr && channel_->unread() != unread));
    loop_.RunUntilIdle();
  }
  // The handler is done, and so is the peer.
  void EndCall() {
    if (call_.exchange != nullptr) call_.exchange->Finish(nullptr, {});
    Run();
    channel_->CloseByPeer();
    Run();
    received_.clear();
  }
  void Advance(uint64_t ns) {
    loop_.Advance(ns);
    Run();
  }
  Frame Receive() {
    received_ += channel_->TakeOutput();
    return TakeFrame(received_).value_or(Frame{});
  }
  Sent SendText(std::string_view text) {
    const Slice slice = BorrowedSlice(text);
    return call_.exchange->Send({&slice, 1, MH_MSG_TEXT});
  }
  bool IsOver() const { return channel_->closed() || channel_->write_shut(); }

  StreamSink* Open(Transport& transport, Arena* arena, const RequestHead& head,
                   const PeerRef& peer) override {
    if (head.Find("upgrade") == nullptr && head.connect_protocol.empty()) {
      return OpenRestStream(loop_, directory_, settings_, transport, arena, head, peer);
    }
    return OpenWebSocketStream(loop_, io_, directory_, settings_, transport, arena, head, peer);
  }

  FakeLoop loop_;
  boost::asio::io_context io_;
  HttpSettings settings_;
  TestDirectory directory_;
  std::unique_ptr<Http1Server> server_;
  boost::intrusive_ptr<FakeChannel> channel_;
  RecordingReceiver call_;
  std::string received_;
};

// ---- Handshake.

TEST_F(WebSocketTest, S06_AcceptsTheHandshakeOfTheRfc) {
  const std::string answer = Ask("/manual");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(answer, HasSubstr("upgrade: websocket\r\n"));
  EXPECT_THAT(answer, HasSubstr("connection: upgrade\r\n"));
  EXPECT_THAT(answer, HasSubstr("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("content-length")));
  EXPECT_THAT(answer, Not(HasSubstr("sec-websocket-extensions")));
  EXPECT_NE(call_.exchange, nullptr);
}

TEST_F(WebSocketTest, S06_RefusesMalformedHandshakesAsHttp) {
  const std::string ok = kHandshake;
  const auto without = [&ok](std::string_view line, std::string_view instead = "") {
    std::string fields = ok;
    return fields.replace(fields.find(line), line.size(), instead);
  };
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  struct Case {
    std::string fields;
    const char* status;
  };
  for (const Case& c : std::initializer_list<Case>{
           {without(key), "400"},
           {without(key, "Sec-WebSocket-Key: short\r\n"), "400"},
           {without(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n"), "400"},
           {ok + key, "400"},
           {without("keep-alive, Upgrade", "keep-alive"), "400"},
           {without("Upgrade: websocket", "Upgrade: h2c"), "400"},
           {ok + "Content-Length: 5\r\n", "400"},
           {ok + "Transfer-Encoding: chunked\r\n", "400"},
           {without(version), "426"},
           {without(version, "Sec-WebSocket-Version: 8\r\n"), "426"},
           {ok + "Sec-WebSocket-Protocol: a b\r\n", "400"}}) {
    const std::string answer = Ask("/manual", c.fields);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::string(c.status))) << c.fields;
    EXPECT_THAT(answer, HasSubstr("application/problem+json"));
    if (std::string_view(c.status) == "426") {
      EXPECT_THAT(answer, HasSubstr("sec-websocket-version: 13\r\n"));
      EXPECT_THAT(answer, HasSubstr("upgrade: websocket\r\n"));
    }
    EXPECT_EQ(call_.exchange, nullptr) << "the handler must not see it";
  }
}

TEST_F(WebSocketTest, S06_APlainGetOnAWebSocketIs426) {
  const std::string answer = Ask("/manual", "Host: a\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 426 Upgrade Required\r\n"));
  EXPECT_THAT(answer, HasSubstr("upgrade: websocket\r\n"));
  EXPECT_THAT(answer, HasSubstr("connection: upgrade\r\n"));
}

TEST_F(WebSocketTest, S06_AnUpgradeWhereThereIsNoneIsServedAsRest) {
  EXPECT_THAT(Ask("/nothing"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Ask("/plain"), ::testing::EndsWith("rest"));
}

TEST_F(WebSocketTest, S06_AgreesOnASubprotocol) {
  const std::string offer = "Sec-WebSocket-Protocol: ";
  EXPECT_THAT(Ask("/chat", kHandshake + offer + "v0.chat, v1.chat\r\n" + offer + "v2.chat\r\n"),
              HasSubstr("sec-websocket-protocol: v2.chat\r\n"));
  EXPECT_EQ(call_.exchange->subprotocol(), "v2.chat");
  EndCall();
  EXPECT_THAT(Ask("/chat"), Not(HasSubstr("sec-websocket-protocol")));
  EndCall();
  EXPECT_THAT(Ask("/chat", kHandshake + offer + "other\r\n"), HasSubstr("SUBPROTOCOL_MISMATCH"));
  EXPECT_THAT(Ask("/manual", kHandshake + offer + "other\r\n"), StartsWith("HTTP/1.1 101 "));
}

// ---- Messages.

TEST_F(WebSocketTest, S06_EchoesTextAndBinary) {
  Ask("/echo");
  Send(ClientFrame(kText, "h\xC3\xA4llo"));
  Frame frame = Receive();
  EXPECT_EQ(frame.first, kText);
  EXPECT_EQ(frame.payload, "h\xC3\xA4llo");
  Send(ClientFrame(kBinary, std::string("\0\xff", 2)));
  frame = Receive();
  EXPECT_EQ(frame.first, kBinary);
  EXPECT_EQ(frame.payload, std::string("\0\xff", 2));
  Send(ClientFrame(kText, ""));
  EXPECT_EQ(Receive().first, kText);
  const std::string large(60'000, 'x');
  Send(ClientFrame(kText, large));
  EXPECT_EQ(Receive().payload, large);
  Send(ClientFrame(0x01, large.substr(0, 30'000)) + ClientFrame(0x80, large));
  EXPECT_EQ(Receive().payload.size(), 90'000u);
}

TEST_F(WebSocketTest, S06_PutsFragmentsTogetherAroundControlFrames) {
  Ask("/echo");
  Send(ClientFrame(0x01, "one "));
  Send(ClientFrame(kPing, "p"));
  EXPECT_EQ(Receive().first, kPong);
  Send(ClientFrame(0x00, "two ") + ClientFrame(0x80, "three"));
  EXPECT_EQ(Receive().payload, "one two three");
}

TEST_F(WebSocketTest, S06_MessagesKeepTheirOrder) {
  Ask("/echo");
  std::string frames;
  for (int i = 0; i < 500; ++i) frames += ClientFrame(kText, std::to_string(i));
  Send(frames);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(Receive().payload, std::to_string(i));
}

TEST_F(WebSocketTest, S06_FramesMayArriveByteByByteAndBehindTheHandshake) {
  Connect();
  Send("GET /echo HTTP/1.1\r\n" + std::string(kHandshake) + "\r\n" + ClientFrame(kText, "early"));
  const std::string output = channel_->TakeOutput();
  EXPECT_THAT(output, ::testing::EndsWith("early"));
  for (const char c : ClientFrame(kText, "slow")) Send({&c, 1});
  EXPECT_EQ(Receive().payload, "slow");
}

TEST_F(WebSocketTest, S06_RefusesWhatBreaksTheProtocol) {
  struct Case {
    const char* name;
    std::string frames;
    int code;
  };
  std::string unmasked = ClientFrame(kText, "x");
  unmasked = std::string("\x81\x01x", 3);
  std::string high_bit("\x82\xff", 2);
  high_bit += std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8) + std::string(4, 'm');
  for (const Case& c : std::initializer_list<Case>{
           {"unmasked", unmasked, 1002},
           {"reserved opcode", ClientFrame(0x83, "x"), 1002},
           {"reserved bit", ClientFrame(0xC1, "x"), 1002},
           {"long ping", ClientFrame(kPing, std::string(126, 'x')), 1002},
           {"fragmented ping", ClientFrame(0x09, "x"), 1002},
           {"continuation of nothing", ClientFrame(0x80, "x"), 1002},
           {"text inside a message", ClientFrame(0x01, "x") + ClientFrame(kText, "y"), 1002},
           {"not UTF-8", ClientFrame(kText, "\xff"), 1007},
           {"frame too large", ClientFrame(kBinary, std::string(65'537, 'x')), 1009},
           {"too large in pieces",
            ClientFrame(0x02, std::string(60'000, 'x')) +
                ClientFrame(0x80, std::string(60'000, 'x')),
            1009},
           {"length with the high bit", high_bit, 1009},
           {"close code of one byte", ClientFrame(kClose, "x"), 1002},
           {"reserved close code", CloseFrame(1005), 1002}}) {
    SCOPED_TRACE(c.name);
    received_.clear();
    Ask("/echo");
    Send(c.frames);
    const Frame frame = Receive();
    EXPECT_EQ(frame.first, kClose);
    EXPECT_EQ(frame.close_code(), c.code);
    if (call_.exchange != nullptr) call_.exchange->Finish(nullptr, {});
    Run();
    EXPECT_TRUE(IsOver());
    EndCall();
  }
}

TEST_F(WebSocketTest, S06_CompressesWhenAskedTo) {
  const std::string answer =
      Ask("/echo", kHandshake + std::string("Sec-WebSocket-Extensions: permessage-deflate; "
                                            "client_max_window_bits\r\n"));
  EXPECT_THAT(answer, HasSubstr("sec-websocket-extensions: permessage-deflate"));
  const std::string text(20'000, 'z');
  boost::beast::zlib::deflate_stream deflate;
  deflate.reset(6, 12, 4, boost::beast::zlib::Strategy::normal);
  std::string packed(1000, '\0');
  boost::beast::zlib::z_params params;
  params.next_in = text.data();
  params.avail_in = text.size();
  params.next_out = packed.data();
  params.avail_out = packed.size();
  boost::beast::error_code ec;
  deflate.write(params, boost::beast::zlib::Flush::sync, ec);
  packed.resize(packed.size() - params.avail_out - 4);  // RFC 7692 section 7.2.1
  for (int i = 0; i < 3; ++i) {
    Send(ClientFrame(0xC1, packed));
    ASSERT_EQ(call_.messages.size(), i + 1u);
    EXPECT_EQ(call_.messages.back(), text);
    const Frame frame = Receive();
    EXPECT_TRUE(frame.compressed());
    EXPECT_LT(frame.payload.size(), 500u);
    deflate.reset();
  }
  // Messages whose last bytes fill whatever space there is.
  for (size_t n = 1500; n < 100'000; n += n / 5) {
    const std::string message(n, static_cast<char>('a' + n % 26));
    deflate.reset(6, 12, 4, boost::beast::zlib::Strategy::normal);
    packed.assign(4000, '\0');
    params = {};
    params.next_in = message.data();
    params.avail_in = message.size();
    params.next_out = packed.data();
    params.avail_out = packed.size();
    deflate.write(params, boost::beast::zlib::Flush::sync, ec);
    packed.resize(packed.size() - params.avail_out - 4);
    Send(ClientFrame(0xC1, packed));
    ASSERT_EQ(call_.messages.back(), message);
    Receive();
  }
  call_.messages.clear();
  // A small message that unpacks to too much.
  const std::string bomb(200'000, 'z');
  std::string small(4000, '\0');
  params = {};
  params.next_in = bomb.data();
  params.avail_in = bomb.size();
  params.next_out = small.data();
  params.avail_out = small.size();
  deflate.reset(6, 12, 4, boost::beast::zlib::Strategy::normal);
  deflate.write(params, boost::beast::zlib::Flush::sync, ec);
  small.resize(small.size() - params.avail_out - 4);
  Send(ClientFrame(0xC1, small));
  EXPECT_EQ(Receive().close_code(), 1009);
  EXPECT_TRUE(call_.messages.empty());
}

// ---- Flow.

TEST_F(WebSocketTest, S72_ReadsOnlyOneMessageAheadOfTheCredits) {
  settings_.connection_buffer = 20'000;
  Ask("/manual");
  channel_->SetReadSize(1000);
  std::string frames;
  for (int i = 0; i < 200; ++i) frames += ClientFrame(kBinary, std::string(990, 'x'));
  Send(frames);
  EXPECT_TRUE(call_.messages.empty());
  EXPECT_GE(channel_->unread(), 170'000u);
  EXPECT_FALSE(channel_->awaiting_readable());
  call_.exchange->Pull(3);
  Run();
  EXPECT_EQ(call_.messages.size(), 3u);
  call_.exchange->Pull(1000);
  Run();
  EXPECT_EQ(call_.messages.size(), 200u);
}

TEST_F(WebSocketTest, S72_APeerThatDoesNotReadStopsTheHandler) {
  settings_.connection_buffer = 20'000;
  Ask("/manual");
  channel_->SetWritable(0);
  const std::string text(1000, 'x');
  int taken = 0;
  call_.on_writable = [&] {
    while (taken < 100 && SendText(text) == Sent::kTaken) ++taken;
  };
  call_.on_writable();
  Run();
  EXPECT_GE(taken, 18);
  EXPECT_LE(taken, 25);
  call_.on_writable = nullptr;
  const int woken = call_.writable;
  channel_->SetWritable(SIZE_MAX);
  Run();
  EXPECT_EQ(call_.writable, woken + 1);
  EXPECT_EQ(SendText("last"), Sent::kTaken);
  Run();
  std::string got;
  int frames = 0;
  for (Frame frame = Receive(); frame.first != 0; frame = Receive()) {
    ++frames;
    got = frame.payload;
  }
  EXPECT_EQ(frames, taken + 1);
  EXPECT_EQ(got, "last");
}

// ---- Liveness and ends.

TEST_F(WebSocketTest, S06_PingsAndClosesWhenThePongIsMissed) {
  Ask("/manual");
  for (int i = 0; i < 3; ++i) {
    Advance(31 * kSecond);
    EXPECT_EQ(Receive().first, kPing);
    Send(ClientFrame(kPong, ""));
  }
  EXPECT_FALSE(IsOver());
  Advance(31 * kSecond);
  EXPECT_EQ(Receive().first, kPing);
  Advance(31 * kSecond);
  EXPECT_TRUE(channel_->closed());
  EXPECT_EQ(call_.cancels, std::vector<CancelReason>{CancelReason::kPeer});
}

TEST_F(WebSocketTest, S06_AnswersClose) {
  Ask("/manual");
  Send(CloseFrame(3001, "bye"));
  const Frame frame = Receive();
  EXPECT_EQ(frame.first, kClose);
  EXPECT_EQ(frame.close_code(), 3001);
  EXPECT_TRUE(call_.half_closed);
  EXPECT_EQ(SendText("late"), Sent::kCancelled);
  call_.exchange->Finish(nullptr, {});
  Run();
  EXPECT_TRUE(IsOver());
  channel_->CloseByPeer();
  Run();
  EXPECT_TRUE(call_.ended);
  EXPECT_EQ(call_.final.http_status, 3001);
  EXPECT_TRUE(call_.final.delivered);
}

TEST_F(WebSocketTest, S06_AHandlerThatIgnoresCloseIsLeft) {
  Ask("/manual");
  Send(CloseFrame(1000));
  EXPECT_FALSE(IsOver());
  Advance(6 * kSecond);
  EXPECT_TRUE(IsOver());
  EXPECT_EQ(call_.cancels, std::vector<CancelReason>{CancelReason::kPeer});
}

TEST_F(WebSocketTest, S06_FinishSendsTheLastMessageAndItsCloseCode) {
  Ask("/manual");
  SendText("one");
  Outcome outcome;
  outcome.http_status = 4001;
  outcome.message = "enough";
  const Slice slice = BorrowedSlice("two");
  const Message last{&slice, 1, MH_MSG_TEXT};
  call_.exchange->Finish(&last, outcome);
  Run();
  EXPECT_EQ(Receive().payload, "one");
  EXPECT_EQ(Receive().payload, "two");
  const Frame close = Receive();
  EXPECT_EQ(close.close_code(), 4001);
  EXPECT_EQ(close.payload.substr(2), "enough");
  EXPECT_FALSE(IsOver());
  Send(ClientFrame(kText, "crossing") + CloseFrame(4001));
  EXPECT_TRUE(IsOver());
  channel_->CloseByPeer();
  Run();
  EXPECT_TRUE(call_.ended);
  EXPECT_TRUE(call_.final.delivered);
  EXPECT_EQ(call_.final.http_status, 4001);
  EXPECT_TRUE(call_.messages.empty());
}

TEST_F(WebSocketTest, S06_APeerThatDoesNotAnswerCloseIsCutOff) {
  Ask("/manual");
  call_.exchange->Finish(nullptr, {});
  Run();
  EXPECT_EQ(Receive().close_code(), 1000);
  Advance(6 * kSecond);
  EXPECT_TRUE(channel_->closed());
  EXPECT_TRUE(call_.ended);
  EXPECT_FALSE(call_.final.delivered);
}

TEST_F(WebSocketTest, S06_DrainClosesWith1001) {
  Ask("/manual");
  directory_.calls().Drain(Reason::kDraining);
  EXPECT_EQ(call_.cancels, std::vector<CancelReason>{CancelReason::kDrain});
  call_.exchange->Finish(nullptr, {});
  Run();
  EXPECT_EQ(Receive().close_code(), 1001);
  EndCall();
  Ask("/echo");
  directory_.calls().AbortAll(Reason::kDraining);
  Run();
  EXPECT_EQ(Receive().close_code(), 1001);
}

TEST_F(WebSocketTest, S06_APeerThatVanishesCancelsTheCall) {
  Ask("/manual");
  Send(ClientFrame(0x01, "half a mess"));
  channel_->CloseByPeer();
  Run();
  EXPECT_EQ(call_.cancels, std::vector<CancelReason>{CancelReason::kPeer});
  call_.exchange->Finish(nullptr, {});
  Run();
  EXPECT_EQ(call_.final.http_status, 1006);
}

TEST_F(WebSocketTest, S06_AResetWithWritesUnderWayLeavesNothingBehind) {
  settings_.connection_buffer = 5000;
  Ask("/manual");
  channel_->SetWritable(0);
  while (SendText(std::string(1000, 'x')) == Sent::kTaken) {
  }
  channel_->ResetByPeer();
  Run();
  EXPECT_EQ(SendText("x"), Sent::kCancelled);
  call_.exchange->Finish(nullptr, {});
  Run();
  EXPECT_TRUE(call_.ended);
}

// ---- RFC 8441.

// Remembers what a sink sent.
class RecordingTransport final : public Transport {
 public:
  void SendHead(int s, std::span<const Header> fields, int64_t) override {
    status = s;
    for (const Header& field : fields) {
      head += std::string(field.name) + ": " + std::string(field.value) + "\n";
    }
  }
  void SendBody(std::span<const Slice> pieces) override {
    for (const Slice& piece : pieces) body += ToView(piece);
  }
  void End(std::span<const Header>) override { ended = true; }
  void Reset(ResetReason) override { reset = true; }
  void Consume(size_t n) override { consumed += n; }
  size_t unsent_bytes() const override { return 0; }
  size_t high_mark() const override { return 100'000; }
  bool draining() const override { return false; }

  int status = 0;
  std::string head;
  std::string body;
  size_t consumed = 0;
  bool ended = false;
  bool reset = false;
};

TEST_F(WebSocketTest, S06_RunsOverHttp2ExtendedConnect) {
  directory_.Compile();
  RecordingTransport transport;
  Arena* arena = loop_.arenas().Take();
  auto* head = arena->New<RequestHead>();
  const std::span<Header> fields = arena->NewArray<Header>(3);
  fields[0] = {"sec-websocket-version", "13"};
  fields[1] = {"sec-websocket-protocol", "v1.chat"};
  fields[2] = {"origin", "https://a"};
  *head = {.version = HttpVersion::kHttp2,
           .method = "CONNECT",
           .path = "/chat",
           .connect_protocol = "websocket",
           .headers = fields};
  StreamSink* sink = Open(transport, arena, *head, new Peer);
  EXPECT_EQ(transport.status, 200);
  EXPECT_EQ(transport.head, "sec-websocket-protocol: v1.chat\n");
  call_.exchange->Pull(1);
  const std::string frame = ClientFrame(kText, "over h2");
  sink->OnBody(BorrowedSlice(frame));
  Run();
  EXPECT_EQ(call_.messages, std::vector<std::string>{"over h2"});
  EXPECT_EQ(transport.consumed, frame.size());
  SendText("answer");
  call_.exchange->Finish(nullptr, {});
  Run();
  EXPECT_EQ(TakeFrame(transport.body)->payload, "answer");
  EXPECT_EQ(TakeFrame(transport.body)->close_code(), 1000);
  sink->OnBody(BorrowedSlice(CloseFrame(1000)));
  Run();
  EXPECT_TRUE(transport.ended);
  sink->OnClosed(CloseCause::kCompleted);
  Run();
  EXPECT_TRUE(call_.ended);
  EXPECT_TRUE(call_.final.delivered);
}

}  // namespace
}  // namespace meshhost
