// SPDX-License-Identifier: Apache-2.0
#include "host/http/websocket_frame_guard.h"

#include <algorithm>

namespace meshhost {

bool WebSocketFrameGuard::Follow(std::string_view bytes, uint64_t limit) {
  while (!bytes.empty() && !failed_) {
    if (payload_ > 0) {
      const size_t n = std::min<uint64_t>(payload_, bytes.size());
      payload_ -= n;
      bytes.remove_prefix(n);
      continue;
    }
    failed_ = !TakeHeaderByte(static_cast<uint8_t>(bytes.front()), limit);
    bytes.remove_prefix(1);
  }
  return !failed_;
}

// Flags and opcode; mask bit and short length; 0, 2 or 8 bytes of length; 0 or 4 bytes of mask.
bool WebSocketFrameGuard::TakeHeaderByte(uint8_t byte, uint64_t limit) {
  if (header_at_ == 1) {
    masked_ = (byte & 0x80) != 0;
    const uint8_t code = byte & 0x7f;
    length_bytes_ = code == 126 ? 2 : code == 127 ? 8 : 0;
    length_ = length_bytes_ == 0 ? code : 0;
  } else if (header_at_ > 1 && header_at_ < 2 + length_bytes_) {
    length_ = length_ << 8 | byte;
  }
  ++header_at_;
  if (header_at_ < 2) return true;
  if (header_at_ >= 2 + length_bytes_ && length_ > limit) return false;
  if (header_at_ < 2 + length_bytes_ + (masked_ ? 4 : 0)) return true;
  payload_ = length_;
  header_at_ = 0;
  return true;
}

}  // namespace meshhost
