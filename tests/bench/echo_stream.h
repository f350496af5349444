// SPDX-License-Identifier: Apache-2.0
//
// One bidi stream of the load: keeps a window of messages outstanding, and proves that what comes
// back is what was sent. All messages of a run are equal, so the reply is a repeating pattern and
// needs no buffer: a position in the pattern is enough to check every byte and count every message.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/latency_histogram.h"

namespace meshhost::bench {

// Owned by its EchoConnection; lives on the loader's one thread.
class EchoStream final {
 public:
  // `message` is one framed gRPC message (five-byte prefix and payload) and outlives the stream.
  EchoStream(std::string_view message, int window) : message_(message), sent_at_us_(window) {}

  bool CanSend() const { return outstanding_ < sent_at_us_.size(); }

  // Notes that one more message left; the caller copies message() into a DATA frame.
  void NoteSent(uint64_t now_us);

  // Takes reply bytes; records the latency of each message that they complete. Answers the number
  // of completed messages, or -1 when the bytes are not those of the message.
  int Receive(std::span<const uint8_t> bytes, uint64_t now_us, LatencyHistogram& latencies);

  std::string_view message() const { return message_; }
  size_t outstanding() const { return outstanding_; }

  // What the trailers said; the stream is good only when it ended with "0".
  std::string grpc_status;
  bool deferred = false;

 private:
  std::string_view message_;
  std::vector<uint64_t> sent_at_us_;  // a ring: the oldest outstanding message is at first_
  size_t first_ = 0;
  size_t outstanding_ = 0;
  size_t position_ = 0;
};

}  // namespace meshhost::bench
