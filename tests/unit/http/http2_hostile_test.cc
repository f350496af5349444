// SPDX-License-Identifier: Apache-2.0
//
// Goal: each flood and each broken rule costs the peer that sends it its own connection, and
// nothing else. Method: raw frames behind a real client's preface; what comes back is read by a
// real client.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "host/http/http2_server.h"
#include "tests/unit/http/http2_client.h"
#include "tests/unit/http/recording_dispatcher.h"

namespace meshhost {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload = {}) {
  std::string frame;
  for (int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift);
  return frame.append(payload);
}

// ":method: GET", ":scheme: http", ":path: /" and an authority, without Huffman coding.
const std::string kGetBlock = std::string("\x82\x86\x84\x01\x06", 5) + "a.test";
const std::string kPostBlock = std::string("\x83\x86\x84\x01\x06", 5) + "a.test";

std::string Get(uint32_t stream) { return Frame(NGHTTP2_HEADERS, 0x5, stream, kGetBlock); }
std::string OpenPost(uint32_t stream) { return Frame(NGHTTP2_HEADERS, 0x4, stream, kPostBlock); }
std::string Rst(uint32_t stream) {
  return Frame(NGHTTP2_RST_STREAM, 0, stream, std::string("\0\0\0\x8", 4));
}

class Http2HostileTest : public ::testing::Test {
 protected:
  void Connect() {
    server_ = std::make_unique<Http2Server>(
        loop_, [this]() -> Block& { return loop_.read_block(); }, dispatcher_, settings_);
    channel_ = new FakeChannel;
    server_->Serve(channel_, {}, true);
    client_ = std::make_unique<Http2Client>(*channel_);
    client_->Pump(loop_);
  }
  void Send(const std::string& frames) {
    channel_->Feed(frames);
    loop_.RunUntilIdle();
    client_->Receive(channel_->TakeOutput());
  }
  // The connection has ended with that error and debug text.
  void ExpectGone(uint32_t error, const std::string& why) {
    ASSERT_FALSE(client_->goaways.empty());
    EXPECT_EQ(client_->goaways.back(), error);
    EXPECT_EQ(client_->goaway_text, why);
    EXPECT_TRUE(channel_->write_shut() || channel_->closed());
    for (auto& record : dispatcher_.records) EXPECT_TRUE(record->closed);
    EXPECT_LE(server_->counters().abused.load(), 1u);
  }
  void ExpectCalm(const std::string& why) {
    ExpectGone(NGHTTP2_ENHANCE_YOUR_CALM, why);
    EXPECT_EQ(server_->counters().abused.load(), 1u);
  }
  bool alive() const {
    return client_->goaways.empty() && !channel_->closed() && !channel_->write_shut();
  }

  FakeLoop loop_;
  HttpSettings settings_;
  RecordingDispatcher dispatcher_;
  std::unique_ptr<Http2Server> server_;
  boost::intrusive_ptr<FakeChannel> channel_;
  std::unique_ptr<Http2Client> client_;
};

// CVE-2023-44487.
TEST_F(Http2HostileTest, RapidResetsEndTheConnection) {
  settings_.h2_max_resets = 50;
  Connect();
  std::string flood;
  for (uint32_t i = 0; i < 49; ++i) flood += Get(2 * i + 1) + Rst(2 * i + 1);
  Send(flood);
  EXPECT_TRUE(alive());
  flood.clear();
  for (uint32_t i = 49; i < 2000; ++i) flood += Get(2 * i + 1) + Rst(2 * i + 1);
  Send(flood);
  ExpectCalm("too_many_resets");
  EXPECT_LE(dispatcher_.records.size(), 51u);
}

TEST_F(Http2HostileTest, HonestCancelsAreForgiven) {
  settings_.h2_max_resets = 50;
  dispatcher_.on_end = [](StreamRecord& record) {
    if (record.path != "/") return;
    record.transport->SendHead(200, {}, 0);
    record.transport->End({});
  };
  Connect();
  for (int i = 0; i < 200; ++i) {  // two answered for each that is cancelled
    client_->Request(GetFields("/"));
    client_->Request(GetFields("/"));
    const int32_t id = client_->Request(GetFields("/slow"));
    client_->Pump(loop_);
    client_->Reset(id);
    client_->Pump(loop_);
  }
  EXPECT_TRUE(alive());
}

// CVE-2025-8671: the peer makes the host reset the streams.
TEST_F(Http2HostileTest, ProvokedResetsCountLikeSentOnes) {
  settings_.h2_max_resets = 20;
  Connect();
  std::string flood;
  for (uint32_t i = 0; i < 500; ++i) {
    const uint32_t id = 2 * i + 1;
    flood += OpenPost(id) + Frame(NGHTTP2_WINDOW_UPDATE, 0, id, std::string(4, '\0'));
  }
  Send(flood);
  EXPECT_FALSE(alive());
  EXPECT_LE(dispatcher_.records.size(), 500u);
}

TEST_F(Http2HostileTest, EmptyDataFramesEndTheConnection) {
  Connect();
  std::string flood = OpenPost(1);
  for (int i = 0; i < 100; ++i) flood += Frame(NGHTTP2_DATA, 0, 1);
  Send(flood);
  ExpectCalm("too_many_empty_frames");
}

TEST_F(Http2HostileTest, PriorityFloodEndsTheConnection) {
  Connect();
  std::string flood;
  for (int i = 0; i < 200; ++i)
    flood += Frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\0\x10", 5));
  Send(flood);
  ExpectCalm("too_many_priorities");
}

TEST_F(Http2HostileTest, PingFloodEndsTheConnection) {
  settings_.grpc_min_client_ping_interval_ns = 0;
  Connect();
  std::string flood;
  for (int i = 0; i < 3000; ++i) flood += Frame(NGHTTP2_PING, 0, 0, std::string(8, 'p'));
  Send(flood);
  ASSERT_FALSE(alive());
  EXPECT_EQ(client_->goaway_text, "too_many_control_frames");
}

TEST_F(Http2HostileTest, PingFloodOfAPeerThatDoesNotReadIsBounded) {
  settings_.grpc_min_client_ping_interval_ns = 0;
  Connect();
  channel_->SetWritable(0);
  std::string flood;
  for (int i = 0; i < 20'000; ++i) flood += Frame(NGHTTP2_PING, 0, 0, std::string(8, 'p'));
  channel_->Feed(flood);
  loop_.RunUntilIdle();
  EXPECT_LT(server_->native_bytes(), 600'000u);
  EXPECT_EQ(server_->counters().abused.load(), 1u);
}

TEST_F(Http2HostileTest, SettingsFloodEndsTheConnection) {
  Connect();
  std::string flood;
  for (int i = 0; i < 3000; ++i) flood += Frame(NGHTTP2_SETTINGS, 0, 0);
  Send(flood);
  EXPECT_FALSE(alive());
}

TEST_F(Http2HostileTest, WindowUpdateFloodEndsTheConnection) {
  Connect();
  std::string flood;
  for (int i = 0; i < 3000; ++i) {
    flood += Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string("\0\0\0\1", 4));
  }
  Send(flood);
  ExpectCalm("too_many_control_frames");
}

// As gRPC servers do it: the fourth early ping, and not when answers are flowing.
TEST_F(Http2HostileTest, TooFrequentKeepalivePingsGetTooManyPings) {
  Connect();
  for (int i = 0; i < 3; ++i) {
    client_->Ping();
    client_->Pump(loop_);
    loop_.Advance(10 * kSecond);
  }
  EXPECT_TRUE(alive());
  client_->Ping();
  client_->Pump(loop_);
  ExpectCalm("too_many_pings");
}

TEST_F(Http2HostileTest, PingsBetweenAnswersAreFine) {
  dispatcher_.on_end = [](StreamRecord& record) {
    record.transport->SendHead(200, {}, 0);
    record.transport->End({});
  };
  Connect();
  for (int i = 0; i < 50; ++i) {
    client_->Request(GetFields("/"));
    client_->Ping();
    client_->Pump(loop_);
  }
  EXPECT_TRUE(alive());
  EXPECT_EQ(client_->ping_acks, 50);
}

// CVE-2024-27316 and its like.
TEST_F(Http2HostileTest, ContinuationFloodEndsTheConnection) {
  Connect();
  std::string flood = Frame(NGHTTP2_HEADERS, 0, 1, kGetBlock);
  for (int i = 0; i < 1000; ++i) {
    flood += Frame(NGHTTP2_CONTINUATION, 0, 1, std::string("\x00\x01x\x01y", 5));
  }
  Send(flood);
  EXPECT_TRUE(channel_->closed() || channel_->write_shut());
  EXPECT_TRUE(dispatcher_.records.empty());
}

// A small block that decompresses to much: one large entry, named over and over.
TEST_F(Http2HostileTest, HeaderBombIsRefusedWithoutKeepingIt) {
  Connect();
  std::string block = kGetBlock;
  // Literal with incremental indexing: "x", 3000 bytes.
  block += std::string("\x40\x01x\x7f\xb9\x16", 6) + std::string(3000, 'v');
  block.append(12'000, '\xbe');  // dynamic index 62
  Send(Frame(NGHTTP2_HEADERS, 0x5, 1, block));
  EXPECT_TRUE(dispatcher_.records.empty());
  EXPECT_FALSE(alive());
}

TEST_F(Http2HostileTest, GarbageAfterThePrefaceEndsTheConnection) {
  Connect();
  Send(std::string(100, '\xff'));
  EXPECT_TRUE(channel_->closed() || channel_->write_shut());
}

TEST_F(Http2HostileTest, NotHttp2AtAllIsClosed) {
  server_ = std::make_unique<Http2Server>(
      loop_, [this]() -> Block& { return loop_.read_block(); }, dispatcher_, settings_);
  channel_ = new FakeChannel;
  server_->Serve(channel_, {}, true);
  channel_->Feed("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  loop_.RunUntilIdle();
  EXPECT_TRUE(channel_->closed());
  EXPECT_EQ(server_->size(), 0u);
}

// RFC 9113 section 8.1.1: malformed requests are stream errors.
TEST_F(Http2HostileTest, MalformedRequestsNeverReachTheDispatcher) {
  Connect();
  Fields upper = GetFields("/");
  upper.emplace_back("connection", "close");
  client_->Request(upper);
  Fields te = GetFields("/");
  te.emplace_back("te", "gzip");
  client_->Request(te);
  client_->Request({{":method", "GET"}, {":scheme", "http"}, {":authority", "a.test"}});
  client_->Request({{":method", "GET"}, {":path", "/"}, {":authority", "a.test"}});
  Fields length = PostFields("/");
  length.emplace_back("content-length", "3");
  client_->Pump(loop_);
  EXPECT_TRUE(dispatcher_.records.empty());
  const std::string body = "longer than three";
  client_->Request(length, &body);
  client_->Pump(loop_);
  ASSERT_EQ(dispatcher_.records.size(), 1u);
  EXPECT_FALSE(dispatcher_.records[0]->ended);
  EXPECT_TRUE(dispatcher_.records[0]->closed);
}

TEST_F(Http2HostileTest, QueuedAnswersThatNobodyReadsStopNewStreams) {
  settings_.connection_buffer = 16 * 1024;
  dispatcher_.on_end = [](StreamRecord& record) {
    const std::string large(100'000, 'l');
    const Slice slice = BorrowedSlice(large);
    record.transport->SendHead(200, {}, -1);
    record.transport->SendBody({&slice, 1});
    record.transport->End({});
  };
  Connect();
  std::string requests;
  for (uint32_t i = 0; i < 100; ++i) requests += Get(2 * i + 1);
  Send(requests);
  // 32 high marks of 16 KiB, reached by the sixth answer, less what the first window takes.
  EXPECT_LE(dispatcher_.records.size(), 8u);
  EXPECT_GE(server_->counters().refused.load(), 92u);
}

TEST_F(Http2HostileTest, OneBadConnectionDoesNotHurtAnother) {
  dispatcher_.on_end = [](StreamRecord& record) {
    record.transport->SendHead(200, {}, 0);
    record.transport->End({});
  };
  Connect();
  boost::intrusive_ptr<FakeChannel> other_channel(new FakeChannel);
  server_->Serve(other_channel, {}, true);
  Http2Client other(*other_channel);
  other.Pump(loop_);
  std::string flood;
  for (int i = 0; i < 3000; ++i) flood += Frame(NGHTTP2_SETTINGS, 0, 0);
  Send(flood);
  const int32_t id = other.Request(GetFields("/"));
  other.Pump(loop_);
  EXPECT_EQ(other.responses[id].status, "200");
}

}  // namespace
}  // namespace meshhost
