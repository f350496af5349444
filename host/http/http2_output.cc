// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_output.h"

#include <algorithm>
#include <utility>

namespace meshhost {
namespace {

// A frame that the last one before "full" may add: 16 KiB of payload, its header, and slack.
constexpr size_t kFirstCapacity = Http2Scratch::kFull + 20 * 1024;

// How many of the n bytes the socket took; SIZE_MAX when the connection is lost.
size_t WriteAll(Channel& channel, uint8_t* bytes, size_t n) {
  size_t at = 0;
  while (at < n) {
    const iovec piece{bytes + at, n - at};
    const IoResult result = channel.Write({&piece, 1});
    if (result.kind == IoResult::Kind::kWouldBlock) return at;
    if (result.kind != IoResult::Kind::kBytes) return SIZE_MAX;
    at += result.n;
  }
  return at;
}

}  // namespace

void Http2Scratch::Grow(size_t n) {
  const size_t capacity = std::max({kFirstCapacity, capacity_ * 2, size_ + n});
  auto larger = std::make_unique_for_overwrite<uint8_t[]>(capacity);
  if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
  bytes_ = std::move(larger);
  capacity_ = capacity;
}

Http2Output::Result Http2Output::Resume(Channel& channel) {
  if (!blocked()) return Result::kDone;
  const size_t written = WriteAll(channel, rest_.get() + rest_at_, rest());
  if (written == SIZE_MAX) return Result::kLost;
  rest_at_ += written;
  if (blocked()) return Result::kBlocked;
  rest_.reset();
  rest_at_ = rest_size_ = 0;
  return Result::kDone;
}

Http2Output::Result Http2Output::Write(Channel& channel, Http2Scratch& scratch) {
  const size_t n = scratch.size();
  scratch.Clear();
  const size_t written = WriteAll(channel, scratch.data(), n);
  if (written == SIZE_MAX) return Result::kLost;
  if (written == n) return Result::kDone;
  rest_size_ = n - written;
  rest_at_ = 0;
  rest_ = std::make_unique_for_overwrite<uint8_t[]>(rest_size_);
  std::memcpy(rest_.get(), scratch.data() + written, rest_size_);
  return Result::kBlocked;
}

}  // namespace meshhost
