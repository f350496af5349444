// SPDX-License-Identifier: Apache-2.0
// Goal: the rules of a call's life hold whatever order handler, peer and filters act in. Method: a
// hand-written responder, handler and filters that record what they are told.
#include "host/call/exchange.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "host/base/clock.h"

namespace meshhost {
namespace {

class FakeLoop final : public Loop {
 public:
  void Post(Task&) override {}
  bool IsCurrent() const override { return true; }
  void AtTurnEnd(Task&) override {}
  TimerWheel& timers() override { return timers_; }
  ArenaPool& arenas() override { return arenas_; }
  uint64_t now_ns() const override { return 1; }
  uint32_t index() const override { return 0; }

 private:
  TimerWheel timers_{1};
  ArenaPool arenas_;
};

class RecordingHandler final : public Handler, public Receiver {
 public:
  void OnCall(Exchange& exchange, const Message* first) override {
    log.push_back(first == nullptr ? "call" : "call:" + std::string(ToView(first->v[0])));
    if (receive) exchange.SetReceiver(*this);
    if (answer_at_once) exchange.Finish(nullptr, Outcome{});
  }
  void OnMessage(const Message& message) override {
    log.push_back("message:" + std::string(ToView(message.v[0])));
  }
  void OnHalfClose() override { log.push_back("half-close"); }
  void OnWritable() override { log.push_back("writable"); }
  void OnCancel(CancelReason reason) override {
    log.push_back("cancel:" + std::to_string(static_cast<int>(reason)));
    if (finish_in_cancel != nullptr) {
      finished_as = finish_in_cancel->Finish(nullptr, Outcome{});
    }
  }
  void OnEnd(const Final& final) override {
    log.push_back("end:" + std::string(CodeName(final.code)));
  }

  std::vector<std::string> log;
  bool receive = true;
  bool answer_at_once = false;
  Exchange* finish_in_cancel = nullptr;
  Finished finished_as = Finished::kTaken;
};

class RecordingFilter final : public Filter {
 public:
  RecordingFilter(std::string name, std::vector<std::string>& log)
      : name_(std::move(name)), log_(log) {}
  std::string_view name() const override { return name_; }
  size_t state_size() const override { return 8; }
  Verdict OnStart(Exchange&, void* state) override {
    *static_cast<uint64_t*>(state) += 1;
    log_.push_back(name_ + ".start");
    return verdict;
  }
  void OnEnd(Exchange&, void* state, const Final& final) override {
    EXPECT_EQ(*static_cast<uint64_t*>(state), 1u);
    log_.push_back(name_ + ".end:" + std::string(CodeName(final.code)));
  }
  Verdict verdict = Verdict::Continue();

 private:
  std::string name_;
  std::vector<std::string>& log_;
};

// Everything around one exchange.
class ExchangeTest : public testing::Test, public Responder {
 protected:
  void Open(bool client_stream, std::vector<Filter*> filters = {}) {
    chain_ = std::make_unique<Chain>(std::move(filters));
    endpoint_.client_stream = client_stream;
    endpoint_.handler = &handler_;
    endpoint_.chain = chain_.get();
    endpoint_.calls = &calls_;
    RouteMatch match;
    match.endpoint = &endpoint_;
    exchange_ = std::make_unique<Exchange>(loop_, arena_, head_, PeerRef(new Peer), match, *this);
  }
  void Deliver(std::string_view bytes) {
    const Slice slice = BorrowedSlice(bytes);
    exchange_->DeliverMessage(Message{&slice, 1, 0});
  }

  void Pull(uint32_t messages) override { pulled_ += messages; }
  Sent SendHeaders(int, std::span<const Header>) override { return Sent::kTaken; }
  Sent Send(const Message&) override { return send_result_; }
  void Finish(const Message*, const Outcome& outcome) override { answers_.push_back(outcome.code); }
  void Drain(Reason) override {}
  void Destroy() override { exchange_.reset(); }

  FakeLoop loop_;
  Arena arena_;
  RequestHead head_;
  CallLists calls_{1};
  RecordingHandler handler_;
  std::unique_ptr<Chain> chain_;
  Endpoint endpoint_;
  std::unique_ptr<Exchange> exchange_;
  uint32_t pulled_ = 0;
  Sent send_result_ = Sent::kTaken;
  std::vector<Code> answers_;
};

using Strings = std::vector<std::string>;

TEST_F(ExchangeTest, AGatheredCallReachesTheHandlerWithItsMessageAndEndsAfterTheTransport) {
  Open(false);
  exchange_->Start();
  EXPECT_EQ(pulled_, 1u);
  Deliver("hello");
  EXPECT_EQ(exchange_->Finish(nullptr, Outcome{}), Finished::kTaken);
  EXPECT_EQ(answers_, std::vector{Code::kOk});
  EXPECT_EQ(calls_.calls(), 1u);
  exchange_->TransportDone(true);
  EXPECT_EQ(exchange_, nullptr);
  EXPECT_EQ(calls_.calls(), 0u);
  EXPECT_EQ(handler_.log, (Strings{"call:hello", "end:OK"}));
}

TEST_F(ExchangeTest, AStreamGetsMessagesThenHalfClose) {
  Open(true);
  exchange_->Start();
  exchange_->Pull(2);
  EXPECT_EQ(pulled_, 2u);
  Deliver("a");
  Deliver("b");
  exchange_->DeliverHalfClose();
  exchange_->Finish(nullptr, Outcome{});
  exchange_->TransportDone(true);
  EXPECT_EQ(handler_.log, (Strings{"call", "message:a", "message:b", "half-close", "end:OK"}));
}

TEST_F(ExchangeTest, S25_FiltersRunInOrderAndEndInReverseAlsoForARefusedCall) {
  Strings log;
  RecordingFilter first("first", log);
  RecordingFilter second("second", log);
  RecordingFilter third("third", log);
  second.verdict = Verdict::Refuse(Refusal(Reason::kInFlightLimit));
  Open(false, {&first, &second, &third});
  exchange_->Start();
  EXPECT_EQ(answers_, std::vector{Code::kResourceExhausted});
  exchange_->TransportDone(true);
  EXPECT_EQ(log, (Strings{"first.start", "second.start", "second.end:RESOURCE_EXHAUSTED",
                          "first.end:RESOURCE_EXHAUSTED"}));
  EXPECT_TRUE(handler_.log.empty());
}

TEST_F(ExchangeTest, APausedChainGoesOnWhereItStopped) {
  Strings log;
  RecordingFilter first("first", log);
  RecordingFilter second("second", log);
  first.verdict = Verdict::Pause();
  Open(false, {&first, &second});
  exchange_->Start();
  EXPECT_EQ(pulled_, 0u);
  exchange_->Resume();
  EXPECT_EQ(pulled_, 1u);
  EXPECT_EQ(log, (Strings{"first.start", "second.start"}));
  exchange_->TransportDone(false);
}

TEST_F(ExchangeTest, APausedCallWhosePeerLeavesEndsWhenTheFilterResumes) {
  Strings log;
  RecordingFilter first("first", log);
  first.verdict = Verdict::Pause();
  Open(false, {&first});
  exchange_->Start();
  exchange_->TransportDone(false);
  EXPECT_NE(exchange_, nullptr);
  exchange_->Resume();
  EXPECT_EQ(exchange_, nullptr);
}

TEST_F(ExchangeTest, S02_APeerThatLeavesCancelsTheCallButItLivesUntilTheHandlerFinishes) {
  Open(false);
  exchange_->Start();
  Deliver("x");
  exchange_->TransportDone(false);
  ASSERT_NE(exchange_, nullptr);
  EXPECT_EQ(exchange_->cancelled(), static_cast<uint8_t>(CancelReason::kPeer));
  EXPECT_EQ(exchange_->Send(Message{}), Sent::kCancelled);
  EXPECT_EQ(exchange_->Finish(nullptr, Outcome{}), Finished::kCancelled);
  EXPECT_EQ(exchange_, nullptr);
  EXPECT_EQ(handler_.log, (Strings{"call:x", "cancel:1", "end:CANCELLED"}));
  EXPECT_TRUE(answers_.empty());
}

TEST_F(ExchangeTest, FinishingInsideTheCancelEventIsSafe) {
  Open(true);
  exchange_->Start();
  handler_.finish_in_cancel = exchange_.get();
  exchange_->TransportDone(false);
  EXPECT_EQ(exchange_, nullptr);
  EXPECT_EQ(handler_.finished_as, Finished::kCancelled);
  EXPECT_EQ(handler_.log, (Strings{"call", "cancel:1", "end:CANCELLED"}));
}

TEST_F(ExchangeTest, S02_TheHostAnswersAtTheDeadlineAndTheLateFinishIsHarmless) {
  Open(false);
  exchange_->Start();
  Deliver("x");
  exchange_->Abort(CancelReason::kDeadline, Refusal(Reason::kDeadlineExceeded));
  EXPECT_EQ(answers_, std::vector{Code::kDeadlineExceeded});
  exchange_->TransportDone(true);
  ASSERT_NE(exchange_, nullptr);
  EXPECT_EQ(exchange_->Finish(nullptr, Outcome{}), Finished::kCancelled);
  EXPECT_EQ(exchange_, nullptr);
  EXPECT_EQ(answers_.size(), 1u);
  EXPECT_EQ(handler_.log.back(), "end:DEADLINE_EXCEEDED");
}

TEST_F(ExchangeTest, ASecondFinishAndHeadersOutOfOrderAreTold) {
  Open(false);
  exchange_->Start();
  Deliver("x");
  EXPECT_EQ(exchange_->SendHeaders(200, {}), Sent::kTaken);
  EXPECT_EQ(exchange_->SendHeaders(200, {}), Sent::kInvalid);
  EXPECT_EQ(exchange_->Send(Message{}), Sent::kTaken);
  EXPECT_EQ(exchange_->Finish(nullptr, Outcome{}), Finished::kTaken);
  EXPECT_EQ(exchange_->Finish(nullptr, Outcome{}), Finished::kGone);
  EXPECT_EQ(exchange_->Send(Message{}), Sent::kInvalid);
  exchange_->TransportDone(true);
}

TEST_F(ExchangeTest, AHeldExchangeOutlivesItsEnd) {
  Open(false);
  exchange_->Start();
  Deliver("x");
  exchange_->Hold();
  exchange_->Finish(nullptr, Outcome{});
  exchange_->TransportDone(true);
  ASSERT_NE(exchange_, nullptr);
  EXPECT_EQ(handler_.log.back(), "end:OK");
  exchange_->Release();
  EXPECT_EQ(exchange_, nullptr);
}

TEST_F(ExchangeTest, S84_DrainTellsTheHandlerAndCutsNothing) {
  Open(true);
  exchange_->Start();
  calls_.For(0).Drain(Reason::kDraining);
  EXPECT_EQ(handler_.log, (Strings{"call", "cancel:3"}));
  EXPECT_TRUE(answers_.empty());
  calls_.For(0).AbortAll(Reason::kDraining);
  EXPECT_EQ(answers_, std::vector{Code::kUnavailable});
  exchange_->Finish(nullptr, Outcome{});
  exchange_->TransportDone(true);
}

TEST_F(ExchangeTest, S74_AModuleThatGoesTellsItsStreamsAndLetsShortCallsFinish) {
  Open(false);
  exchange_->Start();
  Deliver("x");
  calls_.For(0).Drain(Reason::kModuleRetired);
  EXPECT_EQ(handler_.log, (Strings{"call:x"}));
  exchange_->Finish(nullptr, Outcome{});
  exchange_->TransportDone(true);
  Open(true);
  exchange_->Start();
  calls_.For(0).Drain(Reason::kModuleRetired);
  EXPECT_EQ(handler_.log.back(), "cancel:3");
  exchange_->Finish(nullptr, Outcome{});
  exchange_->TransportDone(true);
}

TEST_F(ExchangeTest, S74_ARetiredListIsUnusedAfterItsLastCall) {
  int unused = 0;
  handler_.answer_at_once = true;
  Open(false);
  exchange_->Start();
  calls_.For(0).Retire([](void* count) { ++*static_cast<int*>(count); }, &unused);
  EXPECT_EQ(unused, 0);
  EXPECT_EQ(calls_.calls(), 1u);
  EXPECT_EQ(calls_.streams(), 0u);
  Deliver("x");
  exchange_->TransportDone(true);
  EXPECT_EQ(unused, 1);
}

TEST_F(ExchangeTest, S74_ARetiredListWithoutCallsIsUnusedAtOnce) {
  int unused = 0;
  calls_.For(0).Retire([](void* count) { ++*static_cast<int*>(count); }, &unused);
  EXPECT_EQ(unused, 1);
}

}  // namespace
}  // namespace meshhost
