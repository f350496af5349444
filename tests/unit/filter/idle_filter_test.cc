// SPDX-License-Identifier: Apache-2.0
#include "host/filter/idle_filter.h"

#include <gtest/gtest.h>

#include "tests/unit/filter/filter_call.h"

namespace meshhost {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

class IdleFilterTest : public testing::Test {
 protected:
  FakeLoop loop_;
  IdleFilter filter_;
  Chain chain_{{&filter_}};
  FilterCall call_{loop_, {.client_stream = true, .idle_timeout_ns = kSecond}, chain_};
};

TEST_F(IdleFilterTest, EndsAStreamWithoutMessages) {
  call_.Start();
  loop_.Pass(kSecond + TimerWheel::kTickNs);
  EXPECT_EQ(call_.refusal(), Reason::kStreamIdle);
}

TEST_F(IdleFilterTest, WaitsOnAfterAMessageOfEitherSide) {
  call_.Start();
  const Slice slice = BorrowedSlice("x");
  for (int i = 0; i < 10; ++i) {
    loop_.Pass(kSecond * 3 / 4);
    if (i % 2 == 0) {
      call_.Message("x");
    } else {
      EXPECT_EQ(call_.exchange().Send(Message{&slice, 1, 0}), Sent::kTaken);
    }
  }
  EXPECT_EQ(call_.refusal(), Reason::kNone);
  loop_.Pass(kSecond / 2);
  EXPECT_EQ(call_.refusal(), Reason::kNone);
  loop_.Pass(kSecond / 2 + TimerWheel::kTickNs);
  EXPECT_EQ(call_.refusal(), Reason::kStreamIdle);
}

TEST_F(IdleFilterTest, ForgetsAStreamThatIsOver) {
  call_.Start();
  call_.Answer(Code::kOk, 200);
  EXPECT_EQ(loop_.timers().NextWakeNs(), UINT64_MAX);
}

}  // namespace
}  // namespace meshhost
