// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/echo_handlers.h"

#include <array>
#include <utility>

#include "host/call/exchange.h"

namespace meshhost::bench {
namespace {

constexpr uint32_t kCredits = 16;

// One bidi call. Lives in the call's arena, from OnCall to OnEnd, on the call's worker.
class BidiCall final : public Receiver {
 public:
  explicit BidiCall(Exchange& exchange) : exchange_(exchange) {}

  void OnMessage(const Message& message) override {
    if (finished_) return;
    if (waiting_ != 0) return Keep(message);
    const Sent sent = exchange_.Send(message);
    if (sent == Sent::kTaken) GiveCredit();
    if (sent == Sent::kAgain) Keep(message);
  }

  void OnHalfClose() override {
    ended_ = true;
    if (waiting_ == 0) Finish({});
  }

  void OnWritable() override {
    while (waiting_ != 0 && !finished_) {
      const Slice slice = ring_[first_].slice();
      if (exchange_.Send(Message{&slice, 1, 0}) == Sent::kAgain) return;
      ring_[first_] = HeldSlice();
      first_ = (first_ + 1) % kCredits;
      --waiting_;
      GiveCredit();
    }
    if (ended_) Finish({});
  }

  void OnCancel(CancelReason) override { Finish({.code = Code::kUnavailable}); }

  // The arena takes the bytes back; what the ring holds is given back here.
  void OnEnd(const Final&) override { this->~BidiCall(); }

 private:
  void Keep(const Message& message) {
    ring_[(first_ + waiting_++) % kCredits] = HeldSlice::CopyOf(message);
  }

  void GiveCredit() {
    if (++owed_ < kCredits / 2) return;
    exchange_.Pull(std::exchange(owed_, 0));
  }

  void Finish(const Outcome& outcome) {
    if (std::exchange(finished_, true)) return;
    exchange_.Finish(nullptr, outcome);
  }

  Exchange& exchange_;
  std::array<HeldSlice, kCredits> ring_;
  uint32_t first_ = 0;
  uint32_t waiting_ = 0;
  uint32_t owed_ = 0;
  bool ended_ = false;
  bool finished_ = false;
};

}  // namespace

void UnaryEcho::OnCall(Exchange& exchange, const Message* first) { exchange.Finish(first, {}); }

void BidiEcho::OnCall(Exchange& exchange, const Message*) {
  exchange.SetReceiver(*exchange.arena().New<BidiCall>(exchange));
  exchange.Pull(kCredits);
}

void GetEcho::OnCall(Exchange& exchange, const Message*) {
  const std::array<Header, 1> headers = {Header{"content-type", "text/plain"}};
  const Slice body = BorrowedSlice("Hello, World!");
  const Message last{&body, 1, 0};
  exchange.SendHeaders(200, headers);
  exchange.Finish(&last, {});
}

}  // namespace meshhost::bench
