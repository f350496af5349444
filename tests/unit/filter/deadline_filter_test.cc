// SPDX-License-Identifier: Apache-2.0
#include "host/filter/deadline_filter.h"

#include <gtest/gtest.h>

#include "tests/unit/filter/filter_call.h"

namespace meshhost {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

class DeadlineFilterTest : public testing::Test {
 protected:
  FakeLoop loop_;
  DeadlineFilter filter_;
  Chain chain_{{&filter_}};
};

TEST_F(DeadlineFilterTest, EndsACallAtTheTimeLimitOfItsEndpoint) {
  FilterCall call(loop_, {.client_stream = true, .timeout_ns = kSecond}, chain_);
  call.Start();
  EXPECT_TRUE(call.reached());
  EXPECT_EQ(call.exchange().deadline_ns(), call.exchange().started_ns() + kSecond);
  loop_.Pass(kSecond - 1);
  EXPECT_EQ(call.refusal(), Reason::kNone);
  loop_.Pass(1 + TimerWheel::kTickNs);
  EXPECT_EQ(call.refusal(), Reason::kDeadlineExceeded);
  EXPECT_EQ(call.exchange().cancelled(), static_cast<uint8_t>(CancelReason::kDeadline));
}

TEST_F(DeadlineFilterTest, KeepsTheShorterOfTheTwoDeadlines) {
  FilterCall hasty(loop_, {.client_stream = true, .timeout_ns = 60 * kSecond}, chain_);
  hasty.exchange().ShortenDeadline(loop_.now_ns() + kSecond);
  hasty.Start();
  FilterCall patient(loop_, {.client_stream = true, .timeout_ns = kSecond}, chain_);
  patient.exchange().ShortenDeadline(loop_.now_ns() + 60 * kSecond);
  patient.Start();
  loop_.Pass(kSecond + TimerWheel::kTickNs);
  EXPECT_EQ(hasty.refusal(), Reason::kDeadlineExceeded);
  EXPECT_EQ(patient.refusal(), Reason::kDeadlineExceeded);
}

TEST_F(DeadlineFilterTest, RefusesACallThatComesTooLate) {
  FilterCall call(loop_, {.client_stream = true}, chain_);
  call.exchange().ShortenDeadline(loop_.now_ns());
  call.Start();
  EXPECT_FALSE(call.reached());
  EXPECT_EQ(call.refusal(), Reason::kDeadlineExceeded);
}

TEST_F(DeadlineFilterTest, LeavesACallWithoutDeadlineAlone) {
  FilterCall call(loop_, {.client_stream = true}, chain_);
  call.Start();
  loop_.Pass(3600 * kSecond);
  EXPECT_EQ(call.refusal(), Reason::kNone);
}

// Timers of calls that are over are gone: nothing fires into freed memory.
TEST_F(DeadlineFilterTest, ForgetsACallThatIsOver) {
  {
    FilterCall call(loop_, {.client_stream = true, .timeout_ns = kSecond}, chain_);
    call.Start();
    call.Answer(Code::kOk, 200);
  }
  EXPECT_EQ(loop_.timers().NextWakeNs(), UINT64_MAX);
  loop_.Pass(2 * kSecond);
}

}  // namespace
}  // namespace meshhost
