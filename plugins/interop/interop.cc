// SPDX-License-Identifier: Apache-2.0
//
// interop: grpc.testing.TestService as the gRPC interoperability tests describe it, so that the
// official clients of other languages can be run against the host. Nothing waits on files or
// databases, so all methods are inline. UnimplementedCall and UnimplementedService are left to the
// host. Compression of messages is the host's, so `response_compressed` has no effect here.
#include <grpc/testing/messages.pb.h>
#include <grpc/testing/test.pb.h>
#include <meshhost/grpc.h>
#include <meshhost/module.h>

#include <string>

namespace {

using grpc::testing::Empty;
using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::StreamingInputCallRequest;
using grpc::testing::StreamingInputCallResponse;
using grpc::testing::StreamingOutputCallRequest;
using grpc::testing::StreamingOutputCallResponse;

constexpr int32_t kLargestPayload = 64 << 20;
constexpr mh::MethodOptions kInline = {.exec = mh::Exec::kInline};

class Interop final : public mh::Module {
 public:
  void Register(mh::Registry& registry) override {
    mh::GrpcDescriptors(registry, mh::descriptors());
    mh::GrpcService(registry, "grpc.testing.TestService", this)
        .Method("EmptyCall", &Interop::EmptyCall, kInline)
        .Method("UnaryCall", &Interop::UnaryCall, kInline)
        .Method("CacheableUnaryCall", &Interop::UnaryCall, kInline)
        .Method("StreamingOutputCall", &Interop::StreamingOutputCall, kInline)
        .Method("StreamingInputCall", &Interop::StreamingInputCall, kInline)
        .Method("FullDuplexCall", &Interop::FullDuplexCall, kInline)
        .Method("HalfDuplexCall", &Interop::HalfDuplexCall, kInline);
  }

 private:
  using Duplex = mh::Stream<StreamingOutputCallRequest, StreamingOutputCallResponse>;
  using Output = mh::Writer<StreamingOutputCallResponse>;

  mh::Status EmptyCall(mh::Call& call, const Empty&, Empty&) {
    EchoMetadata(call);
    return mh::Status();
  }

  mh::Status UnaryCall(mh::Call& call, const SimpleRequest& request, SimpleResponse& response) {
    EchoMetadata(call);
    mh::Status status = RequestedStatus(request);
    if (!status.ok()) return status;
    if (!FillPayload(request.response_size(), *response.mutable_payload())) {
      return mh::InvalidArgument("response_size is out of range");
    }
    if (request.fill_username()) response.set_username(std::string(call.identity()));
    if (request.fill_server_id()) response.set_server_id("meshhost");
    return mh::Status();
  }

  mh::Task<mh::Status> StreamingOutputCall(mh::Call& call,
                                           const StreamingOutputCallRequest& request, Output& out) {
    EchoMetadata(call);
    mh::Task<mh::Status> answers = Answer(call, request, out);
    co_return co_await answers;
  }

  mh::Task<mh::Status> StreamingInputCall(mh::Call& call, mh::Reader<StreamingInputCallRequest>& in,
                                          StreamingInputCallResponse& response) {
    EchoMetadata(call);
    StreamingInputCallRequest request;
    size_t total = 0;
    while (co_await in.Read(request)) total += request.payload().body().size();
    response.set_aggregated_payload_size(static_cast<int32_t>(total));
    co_return mh::Status();
  }

  // Answers each request as it comes.
  mh::Task<mh::Status> FullDuplexCall(mh::Call& call, Duplex& stream) {
    EchoMetadata(call);
    StreamingOutputCallRequest request;
    while (co_await stream.Read(request)) {
      mh::Task<mh::Status> answers = Answer(call, request, stream);
      const mh::Status status = co_await answers;
      if (!status.ok()) co_return status;
    }
    co_return mh::Status();
  }

  // Answers when all requests have come.
  mh::Task<mh::Status> HalfDuplexCall(mh::Call& call, Duplex& stream) {
    EchoMetadata(call);
    std::vector<StreamingOutputCallRequest> requests;
    StreamingOutputCallRequest request;
    while (co_await stream.Read(request)) requests.push_back(request);
    for (const StreamingOutputCallRequest& kept : requests) {
      mh::Task<mh::Status> answers = Answer(call, kept, stream);
      const mh::Status status = co_await answers;
      if (!status.ok()) co_return status;
    }
    co_return mh::Status();
  }

  // The responses that one streaming request asks for.
  mh::Task<mh::Status> Answer(mh::Call& call, const StreamingOutputCallRequest& request,
                              Output& out) {
    const mh::Status status = RequestedStatus(request);
    if (!status.ok()) co_return status;
    mh::Clock clock(call);
    StreamingOutputCallResponse response;
    for (const auto& wanted : request.response_parameters()) {
      if (wanted.interval_us() > 0) {
        const std::chrono::microseconds pause(wanted.interval_us());
        if (!co_await clock.Sleep(pause)) co_return mh::Status();
      }
      if (!FillPayload(wanted.size(), *response.mutable_payload())) {
        co_return mh::InvalidArgument("size is out of range");
      }
      if (!co_await out.Write(response)) co_return mh::Status();
    }
    co_return mh::Status();
  }

  // custom_metadata: these two come back, as initial and as trailing metadata.
  static void EchoMetadata(mh::Call& call) {
    if (const auto value = call.Header("x-grpc-test-echo-initial")) {
      call.AddHeader("x-grpc-test-echo-initial", *value);
    }
    if (const auto value = call.Header("x-grpc-test-echo-trailing-bin")) {
      call.AddTrailer("x-grpc-test-echo-trailing-bin", *value);
    }
  }

  template <class Request>
  static mh::Status RequestedStatus(const Request& request) {
    if (!request.has_response_status() || request.response_status().code() == 0) {
      return mh::Status();
    }
    return mh::Status::Raw(request.response_status().code(), request.response_status().message());
  }

  static bool FillPayload(int32_t size, grpc::testing::Payload& payload) {
    if (size < 0 || size > kLargestPayload) return false;
    payload.set_type(grpc::testing::COMPRESSABLE);
    payload.mutable_body()->assign(static_cast<size_t>(size), '\0');
    return true;
  }
};

}  // namespace

MESHHOST_MODULE(Interop, "interop", "1.0.0", "mh.grpc/1 mh.exec/1");
