// SPDX-License-Identifier: Apache-2.0
//
// Goal: typed handlers and coroutines of all four kinds keep the ABI's rules: order, back-pressure,
// cancellation, drain, metadata, status; no slice, timer or state is left behind.
// Method: the interop module under FakeHost, messages in whole and in 3-byte slices.
#include <grpc/testing/messages.pb.h>
#include <gtest/gtest.h>
#include <meshhost/grpc.h>
#include <meshhost/test/fake_host.h>

namespace {

using grpc::testing::StreamingOutputCallRequest;
using mh::test::FakeCall;
using mh::test::FakeHost;
using std::chrono::milliseconds;

const std::string kService = "grpc.testing.TestService/";

class Interop : public testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    host_.set_slice_size(GetParam());
    const mh::Status loaded = host_.Load(MODULES_DIR "/interop.so");
    ASSERT_TRUE(loaded.ok()) << loaded.text();
  }
  void TearDown() override {
    EXPECT_EQ(host_.pending_work(), 0u);
    EXPECT_EQ(host_.live_blocks(), 0);
  }

  static std::string Output(std::vector<int> sizes, int interval_us = 0) {
    StreamingOutputCallRequest request;
    for (const int size : sizes) {
      auto* wanted = request.add_response_parameters();
      wanted->set_size(size);
      wanted->set_interval_us(interval_us);
    }
    return request.SerializeAsString();
  }

  static size_t PayloadSize(const std::string& message) {
    grpc::testing::StreamingOutputCallResponse response;
    EXPECT_TRUE(response.ParseFromString(message));
    return response.payload().body().size();
  }

  FakeHost host_;
};

INSTANTIATE_TEST_SUITE_P(Slices, Interop, testing::Values(SIZE_MAX, 3));

TEST_P(Interop, AnswersUnaryCallsWithTheSizeAskedFor) {
  grpc::testing::SimpleRequest request;
  request.set_response_size(1000);
  request.mutable_payload()->set_body(std::string(50, 'x'));
  FakeCall& call = host_.Grpc(kService + "UnaryCall", request.SerializeAsString());
  grpc::testing::SimpleResponse response;
  ASSERT_TRUE(response.ParseFromString(call.messages().at(0)));
  EXPECT_EQ(response.payload().body().size(), 1000u);
  EXPECT_EQ(call.code(), 0);
}

TEST_P(Interop, AnswersAnEmptyMessageWithAnEmptyMessage) {
  FakeCall& call = host_.Grpc(kService + "EmptyCall");
  ASSERT_EQ(call.messages().size(), 1u);
  EXPECT_EQ(call.messages()[0], "");
}

TEST_P(Interop, EchoesMetadataAndStatus) {
  grpc::testing::SimpleRequest request;
  request.mutable_response_status()->set_code(2);
  request.mutable_response_status()->set_message("test status message");
  FakeCall& call = host_.Grpc(kService + "UnaryCall", request.SerializeAsString(),
                              {{"x-grpc-test-echo-initial", "initial"},
                               {"x-grpc-test-echo-trailing-bin", std::string("\xab\0\xab", 3)}});
  EXPECT_EQ(call.code(), 2);
  EXPECT_EQ(call.text(), "test status message");
  EXPECT_EQ(call.Header("x-grpc-test-echo-initial"), "initial");
  EXPECT_EQ(call.Trailer("x-grpc-test-echo-trailing-bin"), std::string("\xab\0\xab", 3));
  EXPECT_TRUE(call.messages().empty());
}

TEST_P(Interop, RefusesARequestThatDoesNotParse) {
  FakeCall& unary = host_.Grpc(kService + "UnaryCall", "\xff\xff\xff");
  EXPECT_EQ(unary.code(), 3);
  FakeCall& stream = host_.Grpc(kService + "FullDuplexCall");
  stream.Send("\xff\xff\xff");
  host_.Run();
  EXPECT_EQ(stream.code(), 3);
}

TEST_P(Interop, SumsUpAnUpload) {
  FakeCall& call = host_.Grpc(kService + "StreamingInputCall");
  for (const size_t size : {27182, 8, 1828, 45904}) {
    grpc::testing::StreamingInputCallRequest request;
    request.mutable_payload()->set_body(std::string(size, 'x'));
    call.Send(request.SerializeAsString());
  }
  call.HalfClose();
  host_.Run();
  grpc::testing::StreamingInputCallResponse response;
  ASSERT_TRUE(response.ParseFromString(call.messages().at(0)));
  EXPECT_EQ(response.aggregated_payload_size(), 74922);
}

TEST_P(Interop, AnswersEachMessageOfADuplexStreamInOrder) {
  FakeCall& call = host_.Grpc(kService + "FullDuplexCall");
  const std::vector<int> sizes = {31415, 9, 2653, 58979};
  for (size_t i = 0; i < sizes.size(); i++) {
    call.Send(Output({sizes[i]}));
    host_.Run();
    ASSERT_EQ(call.messages().size(), i + 1);
    EXPECT_EQ(PayloadSize(call.messages()[i]), static_cast<size_t>(sizes[i]));
  }
  call.HalfClose();
  host_.Run();
  EXPECT_TRUE(call.finished());
  EXPECT_EQ(call.code(), 0);
}

TEST_P(Interop, HalfDuplexAnswersAfterTheLastRequest) {
  FakeCall& call = host_.Grpc(kService + "HalfDuplexCall");
  call.Send(Output({1, 2}));
  call.Send(Output({3}));
  host_.Run();
  EXPECT_TRUE(call.messages().empty());
  call.HalfClose();
  host_.Run();
  EXPECT_EQ(call.messages().size(), 3u);
}

TEST_P(Interop, S72_StopsProducingWhileThePeerDoesNotRead) {
  FakeCall& call = host_.Grpc(kService + "FullDuplexCall");
  call.StopReading(1000);
  call.Send(Output(std::vector<int>(100, 400)));
  host_.Run();
  const size_t taken = call.messages().size();
  EXPECT_LT(call.queued_bytes(), 1000u + 2 * 410);
  EXPECT_LT(taken, 10u);
  call.ReadAgain();
  host_.Run();
  EXPECT_EQ(call.messages().size(), 100u);
  EXPECT_FALSE(call.finished());
  call.HalfClose();
  host_.Run();
  EXPECT_EQ(call.code(), 0);
}

TEST_P(Interop, S02_SeesThePeerLeaveWhileItReadsWritesAndSleeps) {
  FakeCall& reading = host_.Grpc(kService + "FullDuplexCall");
  FakeCall& writing = host_.Grpc(kService + "FullDuplexCall");
  writing.StopReading(10);
  writing.Send(Output({100, 100, 100}));
  FakeCall& sleeping =
      host_.Grpc(kService + "StreamingOutputCall", Output({1, 1}, 60 * 1000 * 1000));
  host_.Run();
  EXPECT_EQ(host_.pending_work(), 1u);
  for (FakeCall* call : {&reading, &writing, &sleeping}) {
    EXPECT_FALSE(call->finished());
    call->Cancel(MH_WHY_PEER);
  }
  host_.Run();
  for (FakeCall* call : {&reading, &writing, &sleeping}) EXPECT_TRUE(call->finished());
}

TEST_P(Interop, PausesBetweenResponses) {
  FakeCall& call = host_.Grpc(kService + "StreamingOutputCall", Output({1, 2, 3}, 10000));
  host_.Run();
  EXPECT_EQ(call.messages().size(), 0u);
  host_.Advance(milliseconds(10));
  EXPECT_EQ(call.messages().size(), 1u);
  host_.Advance(milliseconds(10));
  host_.Advance(milliseconds(10));
  EXPECT_EQ(call.messages().size(), 3u);
  EXPECT_TRUE(call.finished());
}

TEST_P(Interop, ADrainEndsConversationsAsUnavailableAndLetsUploadsFinish) {
  FakeCall& duplex = host_.Grpc(kService + "FullDuplexCall");
  FakeCall& upload = host_.Grpc(kService + "StreamingInputCall");
  host_.Run();
  duplex.Cancel(MH_WHY_DRAIN);
  upload.Cancel(MH_WHY_DRAIN);
  host_.Run();
  EXPECT_EQ(duplex.code(), 14);
  EXPECT_FALSE(upload.finished());
  upload.HalfClose();
  host_.Run();
  EXPECT_EQ(upload.code(), 0);
}

TEST_P(Interop, EmbedsItsDescriptors) {
  EXPECT_NE(host_.descriptors().find("grpc/testing/test.proto"), std::string::npos);
  EXPECT_NE(host_.descriptors().find("grpc/testing/empty.proto"), std::string::npos);
}

}  // namespace
