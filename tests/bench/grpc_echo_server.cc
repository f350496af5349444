// SPDX-License-Identifier: Apache-2.0
//
// The bench peer: what a team gets from gRPC C++ itself, at its fastest. One async generic service,
// one completion queue, one thread; nothing else is on: no interceptor, no log, no metrics. It
// echoes the bytes of a message without parsing them, so that its cost is the server's alone.
//
//   /echo.v1.Echo/Unary   one message in, the same message out (written together with the status)
//   /echo.v1.Echo/Bidi    each message in, the same message out, until the client half-closes
//
// `grpc_echo_server PORT [CERTIFICATE KEY]` prints "listening PORT" when it serves and runs until a
// signal ends it. Calls are posted ahead of arrival: with a single one posted the server was
// slower.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr int kPostedCalls = 128;

// One call from acceptance to its end; owns itself while the completion queue has its tag.
// Lives on the one thread that drains the queue.
//
//   kAccept -> kRead -> kFinish                  unary, and every refusal
//              kRead <-> kWrite, kRead -> kFinish  bidi
class EchoCall final {
 public:
  static void Post(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue) {
    new EchoCall(service, queue);
  }

  void Proceed(bool ok) {
    switch (state_) {
      case State::kAccept:
        return OnAccepted(ok);
      case State::kRead:
        return OnRead(ok);
      case State::kWrite:
        return ok ? Read() : Finish(grpc::Status::OK);
      case State::kFinish:
        delete this;
    }
  }

 private:
  enum class State { kAccept, kRead, kWrite, kFinish };

  EchoCall(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue), stream_(&context_) {
    service_->RequestCall(&context_, &stream_, queue_, queue_, this);
  }

  void OnAccepted(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    Post(service_, queue_);
    unary_ = context_.method() == "/echo.v1.Echo/Unary";
    if (!unary_ && context_.method() != "/echo.v1.Echo/Bidi") {
      return Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, context_.method()));
    }
    Read();
  }

  void Read() {
    state_ = State::kRead;
    stream_.Read(&message_, this);
  }

  void OnRead(bool ok) {
    if (!ok) {
      return Finish(unary_ ? grpc::Status(grpc::StatusCode::INTERNAL, "no message")
                           : grpc::Status::OK);
    }
    if (unary_) {
      state_ = State::kFinish;
      return stream_.WriteAndFinish(message_, grpc::WriteOptions(), grpc::Status::OK, this);
    }
    state_ = State::kWrite;
    stream_.Write(message_, this);
  }

  void Finish(const grpc::Status& status) {
    state_ = State::kFinish;
    stream_.Finish(status, this);
  }

  grpc::AsyncGenericService* service_;
  grpc::ServerCompletionQueue* queue_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer message_;
  State state_ = State::kAccept;
  bool unary_ = false;
};

std::string FileText(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::shared_ptr<grpc::ServerCredentials> Credentials(const char* certificate, const char* key) {
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({FileText(key), FileText(certificate)});
  return grpc::SslServerCredentials(options);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::fprintf(stderr, "usage: %s PORT [CERTIFICATE KEY]\n", argv[0]);
    return 64;
  }
  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(
      std::string("127.0.0.1:") + argv[1],
      argc == 4 ? Credentials(argv[2], argv[3]) : grpc::InsecureServerCredentials(), &port);
  builder.RegisterAsyncGenericService(&service);
  const std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::fprintf(stderr, "grpc_echo_server: cannot serve on port %s\n", argv[1]);
    return 1;
  }
  for (int i = 0; i < kPostedCalls; ++i) EchoCall::Post(&service, queue.get());
  std::printf("listening %d\n", port);
  std::fflush(stdout);
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<EchoCall*>(tag)->Proceed(ok);
}
