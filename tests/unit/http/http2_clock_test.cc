// SPDX-License-Identifier: Apache-2.0
//
// Goal: the earliest of what time asks is what comes next.
#include "host/http/http2_clock.h"

#include <gtest/gtest.h>

#include <set>

namespace meshhost {
namespace {

using Action = Http2Clock::Action;
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kStart = 1000 * kSecond;

class Http2ClockTest : public ::testing::Test {
 protected:
  Http2ClockTest() : clock_(settings_, kStart) { clock_.OnHeaderEnd(); }
  Http2Clock::Due NextAfterTrim() {
    if (clock_.Next().action == Action::kTrim) clock_.OnTrim();
    return clock_.Next();
  }

  HttpSettings settings_;
  Http2Clock clock_;
};

TEST_F(Http2ClockTest, IdleCountsFromTheLastRead) {
  clock_.OnRead(kStart + kSecond);
  const Http2Clock::Due due = NextAfterTrim();
  EXPECT_EQ(due.action, Action::kIdle);
  EXPECT_EQ(due.at_ns, kStart + kSecond + settings_.http2_idle_ns);
}

TEST_F(Http2ClockTest, OpenStreamsArePingedAndTheAnswerIsAwaited) {
  clock_.OnStreams(true);
  EXPECT_EQ(clock_.Next().action, Action::kSendPing);
  clock_.OnPingSent(kStart + 30 * kSecond);
  EXPECT_EQ(clock_.Next().action, Action::kPingTimeout);
  EXPECT_EQ(clock_.Next().at_ns, kStart + 40 * kSecond);
  clock_.OnRead(kStart + 31 * kSecond);
  EXPECT_EQ(clock_.Next().action, Action::kSendPing);
}

TEST_F(Http2ClockTest, UnfinishedHeadAndUnwrittenBytesHaveTheirTime) {
  settings_.http2_idle_ns = 0;
  clock_.OnTrim();
  clock_.OnHeaderBegin(kStart);
  EXPECT_EQ(clock_.Next().action, Action::kHeaderTimeout);
  clock_.OnHeaderEnd();
  clock_.OnFlushed(true, false, kStart);
  EXPECT_EQ(clock_.Next().action, Action::kWriteTimeout);
  clock_.OnFlushed(true, true, kStart + kSecond);
  EXPECT_EQ(clock_.Next().at_ns, kStart + kSecond + settings_.write_idle_ns);
  clock_.OnFlushed(false, true, kStart + kSecond);
  EXPECT_EQ(clock_.Next().action, Action::kMaxAge);
}

TEST_F(Http2ClockTest, DrainReplacesIdleAndAge) {
  clock_.OnTrim();
  clock_.OnDrainBegin(kStart);
  EXPECT_EQ(clock_.Next().action, Action::kFinalGoaway);
  clock_.OnFinalGoaway();
  EXPECT_EQ(clock_.Next().at_ns, UINT64_MAX);
  clock_.OnLinger(kStart);
  EXPECT_EQ(clock_.Next().action, Action::kLingerOver);
}

TEST(Http2ClockAge, IsSpreadByTenPercent) {
  HttpSettings settings;
  settings.http2_idle_ns = 0;
  settings.connection_max_age_ns = 1000 * kSecond;
  std::set<uint64_t> ages;
  for (uint64_t i = 0; i < 100; ++i) {
    const uint64_t start = kStart + i * 1'000'003;
    Http2Clock clock(settings, start);
    clock.OnHeaderEnd();
    clock.OnTrim();
    const Http2Clock::Due due = clock.Next();
    ASSERT_EQ(due.action, Action::kMaxAge);
    ASSERT_GE(due.at_ns - start, 900 * kSecond);
    ASSERT_LE(due.at_ns - start, 1100 * kSecond);
    ages.insert(due.at_ns - start);
  }
  EXPECT_GT(ages.size(), 90u);
}

}  // namespace
}  // namespace meshhost
