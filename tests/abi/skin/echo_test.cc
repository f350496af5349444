// SPDX-License-Identifier: Apache-2.0
//
// Goal: echo gives back what it gets over all kinds of calls, within bounded memory.
// Method: the built module under FakeHost; messages written by hand, in whole and in pieces.
#include <gtest/gtest.h>
#include <meshhost/test/fake_host.h>

namespace {

using mh::test::FakeCall;
using mh::test::FakeHost;

class Echo : public testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    host_.set_slice_size(GetParam());
    const mh::Status loaded = host_.Load(MODULES_DIR "/echo.so");
    ASSERT_TRUE(loaded.ok()) << loaded.text();
  }
  void TearDown() override { EXPECT_EQ(host_.live_blocks(), 0); }

  FakeHost host_;
};

INSTANTIATE_TEST_SUITE_P(Slices, Echo, testing::Values(SIZE_MAX, 2));

// payload = "hello", count = 3
const std::string kMessage = "\x0a\x05hello\x10\x03";

TEST_P(Echo, Unary) {
  FakeCall& call = host_.Grpc("echo.v1.Echo/Unary", kMessage);
  EXPECT_EQ(call.messages(), std::vector<std::string>{kMessage});
}

TEST_P(Echo, ServerStreamSendsCountTimesAndWaitsForTheReader) {
  FakeCall& call = host_.Grpc("echo.v1.Echo/ServerStream", "\x10\xe8\x07");  // 1000
  host_.Run();
  EXPECT_EQ(call.messages().size(), 1000u);
  EXPECT_EQ(call.code(), 0);
  EXPECT_EQ(host_.Grpc("echo.v1.Echo/ServerStream", "").messages().size(), 1u);
  EXPECT_EQ(host_.Grpc("echo.v1.Echo/ServerStream", "\x0a\x7f").code(), 3);
}

TEST_P(Echo, ClientStreamAnswersTheLastMessageAndTheCount) {
  FakeCall& call = host_.Grpc("echo.v1.Echo/ClientStream");
  for (int i = 0; i < 200; i++) call.Send(kMessage);
  call.HalfClose();
  host_.Run();
  EXPECT_EQ(call.messages(), std::vector<std::string>{kMessage + "\x10\xc8\x01"});
}

TEST_P(Echo, S72_BidiStopsTakingWhileThePeerDoesNotRead) {
  FakeCall& call = host_.Grpc("echo.v1.Echo/Bidi");
  call.StopReading(20);
  for (int i = 0; i < 100; i++) call.Send(std::to_string(i));
  call.HalfClose();
  host_.Run();
  EXPECT_EQ(call.credits(), 0u);
  EXPECT_LT(call.messages().size(), 20u);
  EXPECT_FALSE(call.finished());
  call.ReadAgain();
  host_.Run();
  ASSERT_EQ(call.messages().size(), 100u);
  for (int i = 0; i < 100; i++) EXPECT_EQ(call.messages()[i], std::to_string(i));
  EXPECT_EQ(call.code(), 0);
}

TEST_P(Echo, WebSocketKeepsTextAndBinaryApart) {
  FakeCall& socket = host_.WebSocket("/echo");
  socket.Send("text", MH_MSG_TEXT);
  socket.Send("binary");
  socket.HalfClose();
  host_.Run();
  EXPECT_EQ(socket.messages(), (std::vector<std::string>{"text", "binary"}));
  EXPECT_EQ(socket.message_flags(), (std::vector<uint32_t>{MH_MSG_TEXT, 0}));
  EXPECT_TRUE(socket.finished());
}

TEST_P(Echo, LeavesNothingWhenThePeerLeaves) {
  for (const uint32_t why : {MH_WHY_PEER, MH_WHY_DEADLINE, MH_WHY_DRAIN}) {
    FakeCall& call = host_.Grpc("echo.v1.Echo/Bidi");
    call.StopReading(0);
    for (int i = 0; i < 5; i++) call.Send(kMessage);
    host_.Run();
    call.Cancel(why);
    host_.Run();
    EXPECT_TRUE(call.finished());
    EXPECT_EQ(call.code(), 14);
  }
}

TEST_P(Echo, RestAnswersThirteenBytesAndEchoesBodies) {
  FakeCall& got = host_.Http("GET", "/echo");
  EXPECT_EQ(got.messages(), std::vector<std::string>{"Hello, World!"});
  EXPECT_EQ(got.Header("content-type"), "text/plain");
  FakeCall& posted = host_.Http("POST", "/echo", "some body", {{"content-type", "text/x-test"}});
  EXPECT_EQ(posted.messages(), std::vector<std::string>{"some body"});
  EXPECT_EQ(posted.Header("content-type"), "text/x-test");
}

}  // namespace
