// SPDX-License-Identifier: Apache-2.0
//
// GrpcFrameReader: finds the length-prefixed messages in a stream of slices. A message that lies
// within one slice is handed out in place, with that slice's owner. One that is spread over several
// is gathered, in memory that grows as bytes arrive: what a prefix promises costs nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "host/call/buffer.h"

namespace meshhost {

// Part of one stream. Not thread-safe.
class GrpcFrameReader final {
 public:
  enum class Kind : uint8_t {
    kNeedMore,  // the input is used up
    kMessage,
    kTooLarge,  // the prefix announces more than allowed; nothing more can be read
    kMalformed  // the flag byte is neither 0 nor 1; nothing more can be read
  };
  struct Step {
    Kind kind;
    bool compressed = false;
    Slice message{};  // valid until the next call
  };

  explicit GrpcFrameReader(size_t max_message) : max_message_(max_message) {}
  ~GrpcFrameReader() { DropGathered(); }
  GrpcFrameReader(const GrpcFrameReader&) = delete;
  GrpcFrameReader& operator=(const GrpcFrameReader&) = delete;

  // Takes bytes from the front of `input`, up to the end of a message.
  Step Next(Slice& input);
  // No message has begun that is not complete.
  bool between_messages() const { return prefix_have_ == 0; }

 private:
  static constexpr size_t kPrefix = 5;
  static constexpr size_t kFirstGather = 4096;

  bool TakePrefix(Slice& input);
  Step Complete(const Slice& message);
  void Gather(const Slice& piece);
  void DropGathered();

  const size_t max_message_;
  size_t length_ = 0;
  Block* gathered_ = nullptr;  // one reference
  size_t gathered_size_ = 0;
  std::array<uint8_t, kPrefix> prefix_;
  uint8_t prefix_have_ = 0;
  bool delivered_ = false;  // what gathered_ holds was handed out
};

}  // namespace meshhost
