// SPDX-License-Identifier: Apache-2.0
//
// Goal: what the skin promises when handlers fail: exceptions become INTERNAL and a log record, a
// cancelled wait ends, uploads and downloads in pieces keep their order.
// Method: the probe module under FakeHost.
#include <gtest/gtest.h>
#include <meshhost/test/fake_host.h>
#include <probe/v1/probe.pb.h>

#include <algorithm>

namespace {

using mh::test::FakeCall;
using mh::test::FakeHost;

const std::string kService = "probe.v1.Probe/";

class Probe : public testing::Test {
 protected:
  void SetUp() override {
    const mh::Status loaded = host_.Load(TEST_MODULES_DIR "/probe.so");
    ASSERT_TRUE(loaded.ok()) << loaded.text();
  }
  void TearDown() override {
    EXPECT_EQ(host_.pending_work(), 0u);
    EXPECT_EQ(host_.live_blocks(), 0);
  }

  static std::string Request(int64_t milliseconds, int64_t messages, int64_t bytes) {
    probe::v1::Request request;
    request.set_milliseconds(milliseconds);
    request.set_messages(messages);
    request.set_bytes(bytes);
    return request.SerializeAsString();
  }

  FakeHost host_;
};

TEST_F(Probe, S25_AnExceptionIsInternalAndStaysInside) {
  FakeCall& unary = host_.Grpc(kService + "Throw");
  FakeCall& stream = host_.Grpc(kService + "ThrowInStream", Request(0, 3, 0));
  FakeCall& http = host_.Http("GET", "/probe/throw");
  FakeCall& socket = host_.WebSocket("/probe/throw");
  socket.Send("go");
  host_.Run();
  for (FakeCall* call : {&unary, &stream, &http}) {
    EXPECT_EQ(call->code(), 13);
    EXPECT_EQ(call->text(), "the handler failed");
  }
  EXPECT_EQ(stream.messages().size(), 3u);
  EXPECT_EQ(socket.code(), 1011);
  EXPECT_EQ(std::count_if(host_.log().begin(), host_.log().end(),
                          [](const std::string& line) {
                            return line.find("handler threw what=thrown on purpose") !=
                                   std::string::npos;
                          }),
            4);
}

TEST_F(Probe, AWaitEndsWhenItsCallDoes) {
  FakeCall& call = host_.Grpc(kService + "Wait");
  FakeCall& http = host_.Http("GET", "/probe/wait");
  host_.Run();
  EXPECT_EQ(host_.Metric("probe_waiting"), 2);
  call.Cancel(MH_WHY_DRAIN);  // unary calls have an end of their own: let them
  host_.Run();
  EXPECT_FALSE(call.finished());
  call.Cancel(MH_WHY_DEADLINE);
  http.Cancel(MH_WHY_PEER);
  host_.Run();
  EXPECT_TRUE(call.finished());
  EXPECT_TRUE(http.finished());
  EXPECT_EQ(host_.Metric("probe_waiting"), 0);
  EXPECT_EQ(host_.Metric("probe_cancelled_total{peer}"), 1);
}

TEST_F(Probe, SleepsWithoutAThread) {
  FakeCall& call = host_.Grpc(kService + "Sleep", Request(50, 0, 0));
  FakeCall& http = host_.Http("GET", "/probe/sleep?ms=20");
  host_.Advance(std::chrono::milliseconds(20));
  EXPECT_TRUE(http.finished());
  EXPECT_EQ(http.messages().at(0), "slept");
  EXPECT_FALSE(call.finished());
  host_.Advance(std::chrono::milliseconds(30));
  EXPECT_TRUE(call.finished());
}

TEST_F(Probe, S54_ProducersTakeNoMoreThanThePeerReads) {
  FakeCall& grpc = host_.Grpc(kService + "Produce", Request(0, 0, 0));
  FakeCall& http = host_.Http("GET", "/probe/produce?messages=1000&bytes=1000");
  EXPECT_EQ(host_.Metric("probe_produced_bytes_total"), 1000 * 1000);
  EXPECT_EQ(http.head_code(), 200);
  EXPECT_EQ(http.messages().size(), 1000u);
  EXPECT_TRUE(grpc.finished());
  host_.Run();
}

TEST_F(Probe, SinksReadWhatIsSentInOrderAndSlowly) {
  FakeCall& grpc = host_.Grpc(kService + "Sink", "", {{"x-pause-ms", "10"}});
  FakeCall& http = host_.Http("POST", "/probe/sink");
  probe::v1::Chunk chunk;
  chunk.set_data("12345");
  for (int i = 0; i < 3; i++) {
    grpc.Send(chunk.SerializeAsString());
    http.Send("123");
  }
  grpc.HalfClose();
  http.HalfClose();
  host_.Run();
  EXPECT_EQ(http.messages().at(0), "9");
  EXPECT_FALSE(grpc.finished());
  EXPECT_EQ(host_.Metric("probe_consumed_bytes_total"), 9 + 5);
  for (int i = 0; i < 3; i++) host_.Advance(std::chrono::milliseconds(10));
  probe::v1::Reply reply;
  ASSERT_TRUE(reply.ParseFromString(grpc.messages().at(0)));
  EXPECT_EQ(reply.bytes(), 15);
}

TEST_F(Probe, WebSocketProducerWaitsForItsReader) {
  FakeCall& socket = host_.WebSocket("/probe/produce?messages=100&bytes=100");
  host_.Run();
  EXPECT_EQ(socket.messages().size(), 100u);
  EXPECT_TRUE(socket.finished());
}

TEST_F(Probe, ASessionOfCallbacksAnswersAndCloses) {
  FakeCall& socket = host_.WebSocket("/probe/shout");
  socket.StopReading(0);
  socket.Send("a", MH_MSG_TEXT);
  socket.Send("b");
  socket.Send("c", MH_MSG_TEXT);
  host_.Run();
  EXPECT_LT(socket.messages().size(), 4u);  // it waits for its reader
  EXPECT_EQ(socket.credits(), 0u);
  socket.ReadAgain();
  host_.Run();
  EXPECT_EQ(socket.messages(), (std::vector<std::string>{"HELLO", "A", "B", "C"}));
  EXPECT_EQ(socket.message_flags()[2], 0u);
  socket.Send("close");
  host_.Run();
  EXPECT_EQ(socket.code(), 4001);
  EXPECT_EQ(socket.text(), "as you wish");

  FakeCall& throwing = host_.WebSocket("/probe/shout");
  throwing.Send("throw");
  FakeCall& leaving = host_.WebSocket("/probe/shout");
  leaving.HalfClose();
  host_.Run();
  EXPECT_EQ(throwing.code(), 1011);
  EXPECT_EQ(leaving.code(), 0);
}

TEST_F(Probe, AnInboxTakesFromAnotherThreadInOrder) {
  FakeCall& socket = host_.WebSocket("/probe/feed?messages=2000");
  while (!socket.finished()) host_.Run();
  host_.Run();
  ASSERT_EQ(socket.messages().size(), 2000u);
  for (int i = 0; i < 2000; i++) ASSERT_EQ(socket.messages()[i], std::to_string(i));
}

TEST(ProbeTimer, TicksUntilTheDrain) {
  FakeHost host;
  ASSERT_TRUE(host.Load(TEST_MODULES_DIR "/probe.so", R"({"tick": "10ms"})").ok());
  for (int i = 0; i < 5; i++) host.Advance(std::chrono::milliseconds(10));
  EXPECT_EQ(host.Metric("probe_ticks_total"), 5);
  EXPECT_EQ(host.pending_work(), 1u);
  host.Unload();
  EXPECT_EQ(host.pending_work(), 0u);
}

}  // namespace
