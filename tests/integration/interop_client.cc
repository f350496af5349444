// SPDX-License-Identifier: Apache-2.0
//
// The cases of the gRPC interoperability test descriptions, with the stubs of gRPC C++, against the
// module interop: interop_client_test HOST:PORT. Names are those of the descriptions. For the
// server_compressed cases the host is configured to compress, since compression is not the
// module's.
#include <grpc/testing/test.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace {

using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;
using grpc::testing::Empty;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;
using grpc::testing::TestService;
using grpc::testing::UnimplementedService;

const std::vector<int> kRequestSizes = {27182, 8, 1828, 45904};
const std::vector<int> kResponseSizes = {31415, 9, 2653, 58979};

std::string& Target() {
  static std::string target;
  return target;
}

class S02_Interop : public ::testing::Test {
 protected:
  S02_Interop()
      : channel_(grpc::CreateChannel(Target(), grpc::InsecureChannelCredentials())),
        stub_(TestService::NewStub(channel_)) {}

  static SimpleRequest LargeRequest() {
    SimpleRequest request;
    request.set_response_size(314159);
    request.mutable_payload()->set_body(std::string(271828, '\0'));
    return request;
  }

  static StreamingOutputCallRequest OutputRequest(int response_size, int payload_size) {
    StreamingOutputCallRequest request;
    request.add_response_parameters()->set_size(response_size);
    request.mutable_payload()->set_body(std::string(static_cast<size_t>(payload_size), '\0'));
    return request;
  }

  void ExpectLargeUnary(ClientContext& context) {
    SimpleResponse response;
    const Status status = stub_->UnaryCall(&context, LargeRequest(), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.payload().body(), std::string(314159, '\0'));
  }

  void ExpectServerStreaming(ClientContext& context) {
    StreamingOutputCallRequest request;
    for (const int size : kResponseSizes) request.add_response_parameters()->set_size(size);
    const auto reader = stub_->StreamingOutputCall(&context, request);
    StreamingOutputCallResponse response;
    std::vector<int> sizes;
    while (reader->Read(&response)) {
      sizes.push_back(static_cast<int>(response.payload().body().size()));
    }
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_EQ(sizes, kResponseSizes);
  }

  void ExpectClientStreaming(ClientContext& context) {
    StreamingInputCallResponse response;
    const auto writer = stub_->StreamingInputCall(&context, &response);
    for (const int size : kRequestSizes) {
      StreamingInputCallRequest request;
      request.mutable_payload()->set_body(std::string(static_cast<size_t>(size), '\0'));
      ASSERT_TRUE(writer->Write(request));
    }
    writer->WritesDone();
    EXPECT_TRUE(writer->Finish().ok());
    EXPECT_EQ(response.aggregated_payload_size(), 74922);
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<TestService::Stub> stub_;
};

TEST_F(S02_Interop, empty_unary) {
  ClientContext context;
  Empty response;
  const Status status = stub_->EmptyCall(&context, Empty(), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(S02_Interop, large_unary) {
  ClientContext context;
  ExpectLargeUnary(context);
}

TEST_F(S02_Interop, client_compressed_unary) {
  ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  ExpectLargeUnary(context);
}

TEST_F(S02_Interop, server_compressed_unary) {
  ClientContext context;
  ExpectLargeUnary(context);
}

TEST_F(S02_Interop, client_streaming) {
  ClientContext context;
  ExpectClientStreaming(context);
}

TEST_F(S02_Interop, client_compressed_streaming) {
  ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  ExpectClientStreaming(context);
}

TEST_F(S02_Interop, server_streaming) {
  ClientContext context;
  ExpectServerStreaming(context);
}

TEST_F(S02_Interop, server_compressed_streaming) {
  ClientContext context;
  ExpectServerStreaming(context);
}

TEST_F(S02_Interop, ping_pong) {
  ClientContext context;
  const auto stream = stub_->FullDuplexCall(&context);
  for (size_t i = 0; i < kRequestSizes.size(); ++i) {
    ASSERT_TRUE(stream->Write(OutputRequest(kResponseSizes[i], kRequestSizes[i])));
    StreamingOutputCallResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.payload().body().size(), static_cast<size_t>(kResponseSizes[i]));
  }
  stream->WritesDone();
  StreamingOutputCallResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(S02_Interop, half_duplex) {
  ClientContext context;
  const auto stream = stub_->HalfDuplexCall(&context);
  for (const int size : kResponseSizes) ASSERT_TRUE(stream->Write(OutputRequest(size, 0)));
  stream->WritesDone();
  StreamingOutputCallResponse response;
  std::vector<int> sizes;
  while (stream->Read(&response)) {
    sizes.push_back(static_cast<int>(response.payload().body().size()));
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(sizes, kResponseSizes);
}

TEST_F(S02_Interop, empty_stream) {
  ClientContext context;
  const auto stream = stub_->FullDuplexCall(&context);
  stream->WritesDone();
  StreamingOutputCallResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(S02_Interop, cancel_after_begin) {
  ClientContext context;
  StreamingInputCallResponse response;
  const auto writer = stub_->StreamingInputCall(&context, &response);
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), StatusCode::CANCELLED);
}

TEST_F(S02_Interop, cancel_after_first_response) {
  ClientContext context;
  const auto stream = stub_->FullDuplexCall(&context);
  ASSERT_TRUE(stream->Write(OutputRequest(31415, 27182)));
  StreamingOutputCallResponse response;
  ASSERT_TRUE(stream->Read(&response));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
}

TEST_F(S02_Interop, timeout_on_sleeping_server) {
  ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1));
  const auto stream = stub_->FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  request.mutable_payload()->set_body(std::string(27182, '\0'));
  stream->Write(request);
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(S02_Interop, status_code_and_message) {
  SimpleRequest request;
  request.mutable_response_status()->set_code(2);
  request.mutable_response_status()->set_message("test status message");
  ClientContext unary_context;
  SimpleResponse response;
  const Status unary = stub_->UnaryCall(&unary_context, request, &response);
  EXPECT_EQ(unary.error_code(), StatusCode::UNKNOWN);
  EXPECT_EQ(unary.error_message(), "test status message");

  ClientContext context;
  const auto stream = stub_->FullDuplexCall(&context);
  StreamingOutputCallRequest stream_request;
  *stream_request.mutable_response_status() = request.response_status();
  ASSERT_TRUE(stream->Write(stream_request));
  stream->WritesDone();
  const Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::UNKNOWN);
  EXPECT_EQ(status.error_message(), "test status message");
}

TEST_F(S02_Interop, special_status_message) {
  const std::string message =
      "\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba and non-BMP \xf0\x9f\x98\x88\t\n";
  SimpleRequest request;
  request.mutable_response_status()->set_code(2);
  request.mutable_response_status()->set_message(message);
  ClientContext context;
  SimpleResponse response;
  const Status status = stub_->UnaryCall(&context, request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::UNKNOWN);
  EXPECT_EQ(status.error_message(), message);
}

void AddCustomMetadata(ClientContext& context) {
  context.AddMetadata("x-grpc-test-echo-initial", "test_initial_metadata_value");
  context.AddMetadata("x-grpc-test-echo-trailing-bin", "\xab\xab\xab");
}

void ExpectCustomMetadata(const ClientContext& context) {
  const auto& initial = context.GetServerInitialMetadata();
  const auto first = initial.find("x-grpc-test-echo-initial");
  ASSERT_NE(first, initial.end());
  EXPECT_EQ(first->second, "test_initial_metadata_value");
  const auto& trailing = context.GetServerTrailingMetadata();
  const auto last = trailing.find("x-grpc-test-echo-trailing-bin");
  ASSERT_NE(last, trailing.end());
  EXPECT_EQ(last->second, "\xab\xab\xab");
}

TEST_F(S02_Interop, custom_metadata) {
  ClientContext unary_context;
  AddCustomMetadata(unary_context);
  ExpectLargeUnary(unary_context);
  ExpectCustomMetadata(unary_context);

  ClientContext context;
  AddCustomMetadata(context);
  const auto stream = stub_->FullDuplexCall(&context);
  ASSERT_TRUE(stream->Write(OutputRequest(314159, 271828)));
  stream->WritesDone();
  StreamingOutputCallResponse response;
  EXPECT_TRUE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  ExpectCustomMetadata(context);
}

TEST_F(S02_Interop, unimplemented_method) {
  ClientContext context;
  Empty response;
  EXPECT_EQ(stub_->UnimplementedCall(&context, Empty(), &response).error_code(),
            StatusCode::UNIMPLEMENTED);
}

TEST_F(S02_Interop, unimplemented_service) {
  const auto stub = UnimplementedService::NewStub(channel_);
  ClientContext context;
  Empty response;
  EXPECT_EQ(stub->UnimplementedCall(&context, Empty(), &response).error_code(),
            StatusCode::UNIMPLEMENTED);
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc != 2) return 64;
  Target() = argv[1];
  return RUN_ALL_TESTS();
}
