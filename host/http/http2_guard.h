// SPDX-License-Identifier: Apache-2.0
//
// Http2Guard: keeps the score of one HTTP/2 connection. Every frame that costs the peer a few bytes
// and the host some work can be sent in floods (CVE-2019-9511 to 9518, CVE-2023-44487). Each kind
// has an allowance that grows with honest use of the connection (streams opened, answers sent) and
// with time; a peer that goes beyond it gets GOAWAY with ENHANCE_YOUR_CALM. nghttp2 itself limits
// CONTINUATION frames, SETTINGS entries and acknowledgements that wait to be written.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>

#include "host/http/http_settings.h"

namespace meshhost {

// Part of an Http2Session. Worker thread only. Functions that return bool: false once the peer has
// gone too far; why() says with what, as debug data of the GOAWAY.
class Http2Guard final {
 public:
  explicit Http2Guard(const HttpSettings& settings) : settings_(settings) {}

  bool OnFrame(const nghttp2_frame_hd& frame, uint64_t now_ns);
  bool OnPing(uint64_t now_ns);
  void OnStreamOpened() { ++streams_; }
  // The peer reset a stream that was not answered yet.
  bool OnPrematureReset(uint64_t lifetime_ns);
  // A HEADERS or DATA frame of an answer left: the peer may react to it.
  void OnAnswerFrame() {
    ++answer_frames_;
    last_ping_ns_ = 0;
    ping_strikes_ = 0;
  }
  // Breaks a rule without breaking the connection.
  bool OnGlitch(uint32_t weight);
  // Three quarters of the glitches that are forgiven: time for a graceful GOAWAY.
  bool suspicious() const { return glitches_ >= kMaxGlitches / 4 * 3; }
  const char* why() const { return why_; }

 private:
  static constexpr uint32_t kMaxGlitches = 200;

  bool Fail(const char* why) {
    why_ = why;
    return false;
  }
  bool OnControlFrame(uint64_t now_ns);
  bool OnPriority();

  const HttpSettings& settings_;
  const char* why_ = "";
  uint64_t streams_ = 0;
  uint64_t answer_frames_ = 0;
  uint64_t priorities_ = 0;
  uint64_t control_frames_ = 0;
  uint64_t control_since_ns_ = 0;
  uint64_t last_ping_ns_ = 0;
  uint32_t ping_strikes_ = 0;
  uint32_t premature_resets_ = 0;
  uint32_t empty_run_ = 0;
  uint32_t glitches_ = 0;
};

}  // namespace meshhost
