// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/echo_stream.h"

#include <algorithm>
#include <cstring>

namespace meshhost::bench {

void EchoStream::NoteSent(uint64_t now_us) {
  sent_at_us_[(first_ + outstanding_) % sent_at_us_.size()] = now_us;
  ++outstanding_;
}

int EchoStream::Receive(std::span<const uint8_t> bytes, uint64_t now_us,
                        LatencyHistogram& latencies) {
  int completed = 0;
  while (!bytes.empty()) {
    const size_t length = std::min(bytes.size(), message_.size() - position_);
    if (outstanding_ == 0 || std::memcmp(bytes.data(), message_.data() + position_, length) != 0) {
      return -1;
    }
    bytes = bytes.subspan(length);
    position_ += length;
    if (position_ < message_.size()) break;
    position_ = 0;
    latencies.Record(now_us - sent_at_us_[first_]);
    first_ = (first_ + 1) % sent_at_us_.size();
    --outstanding_;
    ++completed;
  }
  return completed;
}

}  // namespace meshhost::bench
