// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/clock.h"
#include "host/call/chain.h"
#include "host/call/exchange.h"

namespace meshhost {

// A loop whose clock the test moves. It starts at the real time, since the duration of a call is
// measured against the real clock.
class FakeLoop final : public Loop {
 public:
  explicit FakeLoop(uint32_t index = 0) : index_(index) {}
  void Post(Task&) override {}
  bool IsCurrent() const override { return true; }
  void AtTurnEnd(Task&) override {}
  TimerWheel& timers() override { return timers_; }
  ArenaPool& arenas() override { return arenas_; }
  uint64_t now_ns() const override { return now_ns_; }
  uint32_t index() const override { return index_; }

  // Moves the clock and fires what is due; a tick more, since timers may be that late.
  void Pass(uint64_t ns) {
    now_ns_ += ns;
    timers_.Advance(now_ns_);
  }

 private:
  const uint32_t index_;
  uint64_t now_ns_ = MonotonicNs();
  TimerWheel timers_{now_ns_};
  ArenaPool arenas_;
};

inline IdentityRef CallerNamed(std::string_view name) {
  auto* identity = new Identity;
  identity->name = name;
  return IdentityRef(identity);
}

// One call of an endpoint through the chain under test: peer, protocol and handler in one.
class FilterCall final : public Responder, public Handler {
 public:
  FilterCall(FakeLoop& loop, Endpoint endpoint, const Chain& chain, RequestHead head = {},
             std::string_view listener = "main")
      : endpoint_(std::move(endpoint)), head_(head) {
    endpoint_.handler = this;
    endpoint_.chain = &chain;
    endpoint_.calls = &calls_;
    auto* peer = new Peer;
    peer->listener = listener;
    peer->address = "192.0.2.7:41234";
    RouteMatch match;
    match.endpoint = &endpoint_;
    exchange_ = std::make_unique<Exchange>(loop, arena_, head_, PeerRef(peer), match, *this);
  }
  ~FilterCall() override {
    if (exchange_ != nullptr) End();
  }

  Exchange& exchange() { return *exchange_; }
  // Has the call passed the chain and reached its handler?
  bool reached() const { return reached_; }
  // How the host answered; kNone while it has not, and for answers of the handler.
  Reason refusal() const { return refusal_; }

  void Start() { exchange_->Start(); }
  void Message(std::string_view bytes) {
    const Slice slice = BorrowedSlice(bytes);
    exchange_->DeliverMessage(meshhost::Message{&slice, 1, 0});
  }
  // The handler answers, the response leaves, the call is over.
  void Answer(Code code, int http_status) {
    Outcome outcome;
    outcome.code = code;
    exchange_->set_http_status(http_status);
    exchange_->Finish(nullptr, outcome);
    if (exchange_ != nullptr) exchange_->TransportDone(true);
  }
  // Whatever has happened so far, ends the call.
  void End() {
    if (reached_) exchange_->Finish(nullptr, Outcome{});
    if (exchange_ != nullptr) exchange_->TransportDone(true);
  }

 private:
  // Responder.
  void Pull(uint32_t) override {}
  Sent SendHeaders(int, std::span<const Header>) override { return Sent::kTaken; }
  Sent Send(const meshhost::Message&) override { return Sent::kTaken; }
  void Finish(const meshhost::Message*, const Outcome& outcome) override {
    refusal_ = outcome.reason;
  }
  void Drain(Reason) override {}
  void Destroy() override { exchange_.reset(); }
  // Handler.
  void OnCall(Exchange&, const meshhost::Message*) override { reached_ = true; }

  Endpoint endpoint_;
  RequestHead head_;
  Arena arena_;
  CallLists calls_{8};
  std::unique_ptr<Exchange> exchange_;
  bool reached_ = false;
  Reason refusal_ = Reason::kNone;
};

}  // namespace meshhost
