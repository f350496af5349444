// SPDX-License-Identifier: Apache-2.0
//
// Goal: allowances grow with honest use and with time. Method: the guard alone.
#include "host/http/http2_guard.h"

#include <gtest/gtest.h>

namespace meshhost {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

nghttp2_frame_hd FrameHead(uint8_t type, size_t length = 4, uint8_t flags = 0) {
  nghttp2_frame_hd head{};
  head.length = length;
  head.type = type;
  head.flags = flags;
  return head;
}

TEST(Http2Guard, ControlFramesAreEarnedByTime) {
  HttpSettings settings;
  settings.h2_max_queued_control_frames = 10;
  Http2Guard guard(settings);
  const nghttp2_frame_hd settings_frame = FrameHead(NGHTTP2_SETTINGS);
  uint64_t now = 100 * kSecond;
  for (int i = 0; i < 10'000; ++i) {
    now += kSecond / 5;
    ASSERT_TRUE(guard.OnFrame(settings_frame, now)) << i;
  }
  int more = 0;
  while (guard.OnFrame(settings_frame, now)) ++more;
  EXPECT_LE(more, 10);
}

TEST(Http2Guard, ControlFramesAreEarnedByAnswers) {
  HttpSettings settings;
  settings.h2_max_queued_control_frames = 10;
  Http2Guard guard(settings);
  const nghttp2_frame_hd update = FrameHead(NGHTTP2_WINDOW_UPDATE);
  for (int i = 0; i < 10'000; ++i) {
    guard.OnAnswerFrame();
    ASSERT_TRUE(guard.OnFrame(update, kSecond));
    ASSERT_TRUE(guard.OnFrame(update, kSecond));
  }
}

TEST(Http2Guard, ResetsOfLongStreamsAreNotPremature) {
  HttpSettings settings;
  settings.h2_max_resets = 5;
  Http2Guard guard(settings);
  for (int i = 0; i < 100; ++i) {
    guard.OnStreamOpened();
    ASSERT_TRUE(guard.OnPrematureReset(2 * kSecond));
  }
}

TEST(Http2Guard, EmptyFramesCountInARow) {
  HttpSettings settings;
  Http2Guard guard(settings);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(guard.OnFrame(FrameHead(NGHTTP2_DATA, 0), kSecond));
    ASSERT_TRUE(guard.OnFrame(FrameHead(NGHTTP2_DATA, 7), kSecond));
  }
  ASSERT_TRUE(guard.OnFrame(FrameHead(NGHTTP2_DATA, 0, NGHTTP2_FLAG_END_STREAM), kSecond));
  ASSERT_TRUE(guard.OnFrame(FrameHead(NGHTTP2_DATA, 0), kSecond));
  EXPECT_FALSE(guard.OnFrame(FrameHead(NGHTTP2_DATA, 0), kSecond));
  EXPECT_STREQ(guard.why(), "too_many_empty_frames");
}

TEST(Http2Guard, GlitchesWarnBeforeTheyEnd) {
  HttpSettings settings;
  Http2Guard guard(settings);
  int forgiven = 0;
  bool warned = false;
  while (guard.OnGlitch(1)) {
    ++forgiven;
    warned = warned || guard.suspicious();
  }
  EXPECT_TRUE(warned);
  EXPECT_GE(forgiven, 100);
}

TEST(Http2Guard, PingsFarApartAreFine) {
  HttpSettings settings;
  Http2Guard guard(settings);
  for (uint64_t i = 1; i < 100; ++i) ASSERT_TRUE(guard.OnPing(i * 301 * kSecond));
}

}  // namespace
}  // namespace meshhost
