// SPDX-License-Identifier: Apache-2.0
//
// A load generator does not look at what a server says, so a real gRPC client asks first: one unary
// call and one bidi stream must echo the bytes and end with OK. Exit code 0 or 1, with the reason.
//
//   grpc_reply_check PORT

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

std::string Text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
}

bool Wait(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

grpc::Status Differs(const std::string& reply) {
  return {grpc::StatusCode::DATA_LOSS, "the reply is \"" + reply + "\""};
}

grpc::Status CheckUnary(grpc::GenericStub& stub, const std::string& text) {
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  SetDeadline(context);
  grpc::ByteBuffer reply;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, "/echo.v1.Echo/Unary", Bytes(text), &queue);
  call->StartCall();
  call->Finish(&reply, &status, nullptr);
  Wait(queue);
  if (!status.ok()) return status;
  return Text(reply) == text ? grpc::Status::OK : Differs(Text(reply));
}

grpc::Status CheckBidi(grpc::GenericStub& stub, const std::string& text) {
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  SetDeadline(context);
  grpc::Status status;
  const auto call = stub.PrepareCall(&context, "/echo.v1.Echo/Bidi", &queue);
  call->StartCall(nullptr);
  bool alive = Wait(queue);
  for (int i = 0; alive && i < 3; ++i) {
    grpc::ByteBuffer reply;
    call->Write(Bytes(text), nullptr);
    alive = Wait(queue);
    if (!alive) break;
    call->Read(&reply, nullptr);
    alive = Wait(queue);
    if (alive && Text(reply) != text) return Differs(Text(reply));
  }
  if (alive) {
    call->WritesDone(nullptr);
    Wait(queue);
  }
  call->Finish(&status, nullptr);
  Wait(queue);
  if (status.ok() && !alive) return {grpc::StatusCode::DATA_LOSS, "the stream ended early"};
  return status;
}

bool Report(const char* method, const grpc::Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "grpc_reply_check: %s: status %d: %s\n", method, status.error_code(),
                 status.error_message().c_str());
  }
  return status.ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s PORT\n", argv[0]);
    return 64;
  }
  grpc::GenericStub stub(
      grpc::CreateChannel(std::string("127.0.0.1:") + argv[1], grpc::InsecureChannelCredentials()));
  const std::string text = "\x0a\x0bHello World";  // an echo.v1.EchoRequest
  const bool unary = Report("Unary", CheckUnary(stub, text));
  const bool bidi = Report("Bidi", CheckBidi(stub, text));
  return unary && bidi ? 0 : 1;
}
