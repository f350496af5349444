// SPDX-License-Identifier: Apache-2.0
//
// Http2Clock: what time asks of one HTTP/2 connection, as a pure function of a few time stamps. An
// idle connection costs one armed timer; nothing is armed or disarmed per request, because the
// session asks again when the timer fires.
#pragma once

#include <cstdint>

#include "host/http/http_settings.h"

namespace meshhost {

// Part of an Http2Session. Worker thread only.
class Http2Clock final {
 public:
  enum class Action : uint8_t {
    kHeaderTimeout,  // a header block, or the first SETTINGS, took too long
    kWriteTimeout,   // the peer does not read what is ready for it
    kPingTimeout,    // the peer does not answer
    kSendPing,
    kTrim,         // quiet for a while: memory may be given back
    kIdle,         // no stream for too long
    kMaxAge,       // old enough for a graceful end
    kFinalGoaway,  // the notice of a drain has had its time
    kLingerOver,   // the peer keeps an ended connection open
  };
  struct Due {
    Action action;
    uint64_t at_ns;
  };

  Http2Clock(const HttpSettings& settings, uint64_t now_ns);

  void OnRead(uint64_t now_ns) {
    last_read_ns_ = now_ns;
    ping_sent_ns_ = 0;
    trimmed_ = false;
  }
  void OnHeaderBegin(uint64_t now_ns) { header_since_ns_ = now_ns; }
  void OnHeaderEnd() { header_since_ns_ = 0; }
  void OnPingSent(uint64_t now_ns) { ping_sent_ns_ = now_ns; }
  // After each flush: is something left to write, and did anything leave?
  void OnFlushed(bool pending, bool progress, uint64_t now_ns) {
    if (!pending) {
      pending_since_ns_ = 0;
    } else if (progress || pending_since_ns_ == 0) {
      pending_since_ns_ = now_ns;
    }
  }
  void OnStreams(bool open) { streams_open_ = open; }
  void OnDrainBegin(uint64_t now_ns) { drain_since_ns_ = now_ns; }
  void OnTrim() { trimmed_ = true; }
  void OnFinalGoaway() { final_goaway_ = true; }
  bool final_goaway() const { return final_goaway_; }
  void OnLinger(uint64_t now_ns) { linger_since_ns_ = now_ns; }

  // What comes first, and when.
  Due Next() const;

 private:
  const HttpSettings& settings_;
  uint64_t last_read_ns_;
  uint64_t age_limit_ns_;  // absolute
  uint64_t header_since_ns_;
  uint64_t pending_since_ns_ = 0;
  uint64_t ping_sent_ns_ = 0;
  uint64_t drain_since_ns_ = 0;
  uint64_t linger_since_ns_ = 0;
  bool streams_open_ = false;
  bool final_goaway_ = false;
  bool trimmed_ = false;
};

}  // namespace meshhost
