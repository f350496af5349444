// SPDX-License-Identifier: Apache-2.0
//
// stream_client HOST:PORT STREAMS MESSAGES: opens STREAMS calls of echo.v1.Echo/Bidi at once, sends
// MESSAGES numbered messages on each and checks that each comes back, in order. gRPC's callback
// API, over eight connections, because one has 100 or 1,024 streams. Exit code 0: all as it should
// be.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "echo/v1/echo.grpc.pb.h"

namespace {

using echo::v1::Echo;
using echo::v1::EchoRequest;
using echo::v1::EchoResponse;

constexpr int kConnections = 8;

// Counts calls that are open. Any thread.
class Open final {
 public:
  explicit Open(int count) : count_(count) {}
  void Done() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  void AwaitNone() {
    std::unique_lock<std::mutex> lock(mutex_);
    none_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  int count_;
};

// One call; reads and writes are independent of each other. gRPC serialises each kind.
class Call final : public grpc::ClientBidiReactor<EchoRequest, EchoResponse> {
 public:
  Call(Echo::Stub& stub, uint64_t messages, Open& open) : messages_(messages), open_(open) {
    stub.async()->Bidi(&context_, this);
    // A hold of its own for the writer, so that the call is not over between two operations.
    AddHold();
    WriteNext();
    StartRead(&answer_);
    StartCall();
  }

  void OnWriteDone(bool ok) override { ok&& sent_ < messages_ ? WriteNext() : EndWrites(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    in_order_ = in_order_ && answer_.count() == received_ + 1;
    ++received_;
    StartRead(&answer_);
  }

  void OnDone(const grpc::Status& status) override {
    status_ = status;
    open_.Done();
  }

  bool good() const { return status_.ok() && in_order_ && received_ == messages_; }
  std::string Describe() const {
    return status_.error_message() + ", received " + std::to_string(received_) +
           (in_order_ ? "" : ", out of order");
  }

 private:
  void WriteNext() {
    request_.set_count(++sent_);
    StartWrite(&request_);
  }
  void EndWrites() {
    if (ended_) return;
    ended_ = true;
    StartWritesDone();
    RemoveHold();
  }

  const uint64_t messages_;
  Open& open_;
  grpc::ClientContext context_;
  EchoRequest request_;
  EchoResponse answer_;
  grpc::Status status_;
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
  bool in_order_ = true;
  bool ended_ = false;
};

std::vector<std::unique_ptr<Echo::Stub>> Connect(const std::string& target) {
  std::vector<std::unique_ptr<Echo::Stub>> stubs;
  for (int i = 0; i < kConnections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(Echo::NewStub(
        grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments)));
  }
  return stubs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  const int streams = std::atoi(argv[2]);
  const auto messages = static_cast<uint64_t>(std::atoll(argv[3]));
  const auto stubs = Connect(argv[1]);
  Open open(streams);
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < streams; ++i) {
    calls.push_back(
        std::make_unique<Call>(*stubs[static_cast<size_t>(i % kConnections)], messages, open));
  }
  open.AwaitNone();
  int bad = 0;
  for (const auto& call : calls) {
    if (call->good()) continue;
    if (++bad <= 5) std::cerr << call->Describe() << "\n";
  }
  std::cout << streams - bad << " of " << streams << " streams answered in order\n";
  return bad == 0 ? 0 : 1;
}
