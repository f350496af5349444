// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/2 connection of the bidi load: nghttp2 on a bare socket, so that the client costs a
// fraction of what any server costs and both servers can be saturated from one core. Each message
// is a DATA frame of its own, as gRPC clients send them; frames of one turn leave in one write.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/echo_stream.h"
#include "tests/bench/latency_histogram.h"

struct nghttp2_session;

namespace meshhost::bench {

// What a run counted, over all connections.
struct EchoTotals {
  uint64_t messages = 0;
  uint64_t errors = 0;
  std::string first_error;
  LatencyHistogram latencies;
};

// Owned by the loader; lives on its one thread. A connection that fails is dead: its open streams
// count as errors, and it never takes part again.
class EchoConnection final {
 public:
  struct Settings {
    uint16_t port = 0;
    std::string path;
    int streams = 1;
    int window = 1;
    std::string message;
  };

  // Connects (blocking: loopback) and opens the streams. `settings` and `totals` outlive it.
  EchoConnection(const Settings& settings, EchoTotals& totals);
  ~EchoConnection();
  EchoConnection(const EchoConnection&) = delete;
  EchoConnection& operator=(const EchoConnection&) = delete;

  int socket() const { return socket_; }
  bool finished() const { return open_streams_ == 0; }
  bool wants_write() const { return sent_ < output_.size(); }

  // Reads what arrived, lets the streams send, and writes. Called when the socket is ready.
  void Advance(uint64_t now_us);

  // From now on streams send nothing new, and half-close when their window is echoed.
  void StopSending(uint64_t now_us);

 private:
  class Callbacks;  // nghttp2's entry points; friends by nesting

  void Fail(std::string_view what);
  void StreamFailed(std::string_view what);
  void OpenStreams();
  bool ReadAvailable();
  void Flush();

  const Settings& settings_;
  EchoTotals& totals_;
  std::vector<std::unique_ptr<EchoStream>> streams_;
  nghttp2_session* session_ = nullptr;
  int socket_ = -1;
  int open_streams_ = 0;
  bool stopping_ = false;
  uint64_t now_us_ = 0;
  std::string output_;
  size_t sent_ = 0;
};

}  // namespace meshhost::bench
