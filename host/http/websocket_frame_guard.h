// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace meshhost {

// Follows the frames of a peer through its byte stream (RFC 6455 section 5.2), for the one thing
// that Beast has no limit for: how long a frame may say that it is. Not thread-safe.
class WebSocketFrameGuard final {
 public:
  // The next bytes of the stream. False: a frame is longer than `limit`, now or before.
  bool Follow(std::string_view bytes, uint64_t limit);

 private:
  bool TakeHeaderByte(uint8_t byte, uint64_t limit);

  uint64_t length_ = 0;    // payload of the frame, as far as its header is known
  uint64_t payload_ = 0;   // of it, still to come
  uint8_t header_at_ = 0;  // bytes of the header so far
  uint8_t length_bytes_ = 0;
  bool masked_ = false;
  bool failed_ = false;
};

}  // namespace meshhost
