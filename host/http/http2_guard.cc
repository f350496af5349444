// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_guard.h"

namespace meshhost {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kControlPerSecond = 10;
constexpr uint64_t kControlPerStream = 100;
constexpr uint64_t kControlPerAnswerFrame = 20;
constexpr uint64_t kPrioritiesPerStream = 100;
constexpr uint32_t kPingStrikes = 2;  // as gRPC servers have it
// A stream that lives longer than this was not opened only to be reset.
constexpr uint64_t kPrematureNs = kSecond;

bool IsEmpty(const nghttp2_frame_hd& frame) {
  if (frame.length > 0) return false;
  if (frame.type == NGHTTP2_DATA) return (frame.flags & NGHTTP2_FLAG_END_STREAM) == 0;
  return (frame.flags & NGHTTP2_FLAG_END_HEADERS) == 0;
}

}  // namespace

bool Http2Guard::OnFrame(const nghttp2_frame_hd& frame, uint64_t now_ns) {
  switch (frame.type) {
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION:
      if (!IsEmpty(frame)) {
        empty_run_ = 0;
        return true;
      }
      if (++empty_run_ <= settings_.h2_max_empty_frames) return true;
      return Fail("too_many_empty_frames");
    case NGHTTP2_RST_STREAM:
      return true;  // OnPrematureReset
    case NGHTTP2_PRIORITY:
      return OnPriority();
    default:
      return OnControlFrame(now_ns);
  }
}

bool Http2Guard::OnPriority() {
  if (++priorities_ <= kPrioritiesPerStream * (streams_ + 1)) return true;
  return Fail("too_many_priorities");
}

bool Http2Guard::OnControlFrame(uint64_t now_ns) {
  const uint64_t earned = (now_ns - control_since_ns_) * kControlPerSecond / kSecond;
  if (earned > 0) {
    control_frames_ -= earned < control_frames_ ? earned : control_frames_;
    control_since_ns_ = now_ns;
  }
  const uint64_t allowed = settings_.h2_max_queued_control_frames + kControlPerStream * streams_ +
                           kControlPerAnswerFrame * answer_frames_;
  if (++control_frames_ <= allowed) return true;
  return Fail("too_many_control_frames");
}

bool Http2Guard::OnPing(uint64_t now_ns) {
  const uint64_t least = settings_.grpc_min_client_ping_interval_ns;
  const bool early = last_ping_ns_ != 0 && now_ns - last_ping_ns_ < least;
  last_ping_ns_ = now_ns;
  if (!early || ++ping_strikes_ <= kPingStrikes) return true;
  return Fail("too_many_pings");
}

bool Http2Guard::OnPrematureReset(uint64_t lifetime_ns) {
  if (lifetime_ns >= kPrematureNs) return true;
  ++premature_resets_;
  const bool many = premature_resets_ >= settings_.h2_max_resets;
  if (!many || uint64_t{premature_resets_} * 2 < streams_) return true;
  return Fail("too_many_resets");
}

bool Http2Guard::OnGlitch(uint32_t weight) {
  glitches_ += weight;
  return glitches_ < kMaxGlitches || Fail("too_many_errors");
}

}  // namespace meshhost
