// SPDX-License-Identifier: Apache-2.0
//
// Http2Output: serialised frames on their way into the socket. Frames of one turn are gathered in a
// buffer that all sessions of the worker share and leave in one write; only what the socket did not
// take is kept per connection. While there is such a rest, nothing more is serialised, which bounds
// it to one buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "host/net/channel.h"

namespace meshhost {

// One per worker: empty between turns. Worker thread only.
class Http2Scratch final {
 public:
  // From here on no further frame is begun.
  static constexpr size_t kFull = 64 * 1024;

  uint8_t* Append(size_t n) {
    if (size_ + n > capacity_) Grow(n);
    uint8_t* space = bytes_.get() + size_;
    size_ += n;
    return space;
  }
  void Append(const void* bytes, size_t n) { std::memcpy(Append(n), bytes, n); }
  bool full() const { return size_ >= kFull; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  uint8_t* data() { return bytes_.get(); }
  void Clear() { size_ = 0; }

 private:
  void Grow(size_t n);

  size_t size_ = 0;
  size_t capacity_ = 0;
  std::unique_ptr<uint8_t[]> bytes_;
};

// One per session. Worker thread only.
class Http2Output final {
 public:
  enum class Result : uint8_t { kDone, kBlocked, kLost };

  // Writes what is left from before.
  Result Resume(Channel& channel);
  // Writes and empties the scratch; keeps what the socket does not take. Only when not blocked().
  Result Write(Channel& channel, Http2Scratch& scratch);
  bool blocked() const { return rest_at_ < rest_size_; }
  size_t rest() const { return rest_size_ - rest_at_; }

 private:
  std::unique_ptr<uint8_t[]> rest_;
  size_t rest_at_ = 0;
  size_t rest_size_ = 0;
};

}  // namespace meshhost
