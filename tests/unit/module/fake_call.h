// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "host/call/exchange.h"
#include "host/module/call_context.h"
#include "host/module/held_message.h"
#include "host/module/module_method.h"
#include "tests/unit/module/fake_loop.h"

namespace meshhost {

inline std::string JoinBytes(const Message& message) {
  std::string text;
  for (uint32_t i = 0; i < message.n; ++i) text += ToView(message.v[i]);
  return text;
}

class RecordingMisbehaviour final : public MisbehaviourSink {
 public:
  void OnException(std::string_view where) override { exceptions.emplace_back(where); }
  void OnOverrun(std::string_view method, std::uint64_t) override { overruns.emplace_back(method); }

  std::vector<std::string> exceptions;
  std::vector<std::string> overruns;
};

// One call with a peer that the test plays: a Responder that records and obeys.
class FakeCall final : public Responder {
 public:
  // When the transport is done: inside Finish, as when the answer is written at once, or later.
  enum class Flush { kInside, kLater };

  FakeCall(FakeLoop& loop, const Endpoint& endpoint, Flush flush)
      : loop_(loop), flush_(flush), arena_(loop.arenas().Take()) {
    auto peer = boost::intrusive_ptr<Peer>(new Peer);
    peer->address = "192.0.2.7:41234";
    RouteMatch match;
    match.endpoint = &endpoint;
    match.params = params;
    exchange_ = std::make_unique<Exchange>(loop, *arena_, head, peer, match, *this);
  }
  ~FakeCall() override {
    if (!destroyed) Destroy();
  }

  Exchange& exchange() { return *exchange_; }
  void Start() {
    loop_.BeginTurn();
    exchange_->Start();
  }
  void Deliver(std::string_view bytes) {
    const Slice slice = BorrowedSlice(bytes);
    exchange_->DeliverMessage(Message{&slice, 1, 0});
  }
  // The same from a block of the host.
  void Deliver(Block& block, std::size_t n) {
    const Slice slice{block.data(), n, block.owner()};
    exchange_->DeliverMessage(Message{&slice, 1, 0});
  }
  // A unary request.
  void Request(std::string_view bytes) {
    Start();
    Deliver(bytes);
  }
  void Flushed() { exchange_->TransportDone(/*delivered=*/true); }
  void Lose() { exchange_->TransportDone(/*delivered=*/false); }

  void Pull(uint32_t messages) override {
    pulled += messages;
    while (pulled > 0 && !inbox.empty()) {
      --pulled;
      const std::string bytes = inbox.front();
      inbox.pop_front();
      Deliver(bytes);
    }
  }
  Sent SendHeaders(int status, std::span<const Header> headers) override {
    header_status = status;
    for (const Header& field : headers) {
      header_fields.push_back(std::string(field.name) + ": " + std::string(field.value));
    }
    return Sent::kTaken;
  }
  Sent Send(const Message& message) override {
    if (sends_taken == 0) return Sent::kAgain;
    --sends_taken;
    sent.push_back(JoinBytes(message));
    if (keep_sent) kept.emplace_back(HeldMessage(message));
    return Sent::kTaken;
  }
  void Finish(const Message* message, const Outcome& outcome) override {
    ++finishes;
    has_last = message != nullptr;
    if (message != nullptr) {
      last = JoinBytes(*message);
      if (message->n > 0) last_bytes = message->v[0].p;
    }
    code = outcome.code;
    reason = outcome.reason;
    http_status = outcome.http_status;
    text = outcome.message;
    for (const Header& field : outcome.trailers) {
      trailers.push_back(std::string(field.name) + ": " + std::string(field.value));
    }
    if (flush_ == Flush::kInside) Flushed();
  }
  void Drain(Reason) override {}
  void Destroy() override {
    exchange_.reset();
    loop_.arenas().Give(arena_);
    destroyed = true;
  }

  RequestHead head;
  std::vector<PathParam> params;
  std::deque<std::string> inbox;  // delivered from inside Pull
  uint32_t pulled = 0;
  uint32_t sends_taken = 1000000;
  bool keep_sent = false;
  std::vector<HeldMessage> kept;
  int header_status = 0;
  std::vector<std::string> header_fields;
  std::vector<std::string> sent;
  int finishes = 0;
  bool has_last = false;
  std::string last;
  const uint8_t* last_bytes = nullptr;
  Code code = Code::kOk;
  Reason reason = Reason::kNone;
  int http_status = 0;
  std::string text;
  std::vector<std::string> trailers;
  bool destroyed = false;

 private:
  FakeLoop& loop_;
  const Flush flush_;
  Arena* arena_;
  std::unique_ptr<Exchange> exchange_;
};

// Everything that methods of one module need around them.
class FakeModule {
 public:
  // The endpoint is as the runtime leaves it: complete with a chain.
  ModuleMethod& Add(Kind kind, std::uint32_t stream_kind, std::uint32_t exec,
                    void (*on_call)(void*, mh_call*, const mh_msg*), void* ud) {
    mh_method method = {};
    method.size = sizeof(method);
    method.kind = stream_kind;
    method.exec = exec;
    method.on_call = on_call;
    method.ud = ud;
    Endpoint endpoint;
    endpoint.kind = kind;
    endpoint.client_stream = (stream_kind & MH_KIND_CLIENT_STREAM) != 0;
    endpoint.server_stream = (stream_kind & MH_KIND_SERVER_STREAM) != 0;
    endpoint.name = "test.v1.Test/Method";
    endpoint.module = "test";
    endpoint.chain = &chain;
    endpoint.calls = &calls;
    methods.push_back(std::make_unique<ModuleMethod>(method, endpoint, mark, context));
    return *methods.back();
  }

  FakeLoop loop;
  RecordingMisbehaviour misbehaviour;
  CrossingMark mark{"test", "lifecycle", 1};
  InstanceCounts counts{1};
  ModulePool pool{{"m:test", 2, 4, mark, &misbehaviour}};
  CallContext context{pool, counts, misbehaviour};
  Chain chain{{}};
  CallLists calls{1};
  std::vector<std::unique_ptr<ModuleMethod>> methods;
};

}  // namespace meshhost
