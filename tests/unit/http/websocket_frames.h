// SPDX-License-Identifier: Apache-2.0
//
// Frames of RFC 6455 as a client makes and reads them, written from the RFC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshhost {

struct Frame {
  uint8_t first = 0;  // FIN, RSV, opcode
  std::string payload;

  int opcode() const { return first & 15; }
  bool fin() const { return (first & 0x80) != 0; }
  bool compressed() const { return (first & 0x40) != 0; }
  // Of a Close frame.
  int close_code() const {
    if (payload.size() < 2) return 1005;
    return static_cast<uint8_t>(payload[0]) * 256 + static_cast<uint8_t>(payload[1]);
  }
};

constexpr uint8_t kText = 0x81, kBinary = 0x82, kClose = 0x88, kPing = 0x89, kPong = 0x8a;

// As the client sends it: masked.
inline std::string ClientFrame(uint8_t first, std::string_view payload) {
  std::string frame(1, static_cast<char>(first));
  const size_t n = payload.size();
  if (n < 126) {
    frame.push_back(static_cast<char>(0x80 | n));
  } else {
    const int bytes = n < 65536 ? 2 : 8;
    frame.push_back(static_cast<char>(0x80 | (bytes == 2 ? 126 : 127)));
    for (int i = bytes - 1; i >= 0; --i) frame.push_back(static_cast<char>(n >> (8 * i)));
  }
  const char mask[] = {1, 2, 3, 4};
  frame.append(mask, 4);
  for (size_t i = 0; i < n; ++i) frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return frame;
}

inline std::string CloseFrame(int code, std::string_view reason = {}) {
  std::string payload;
  payload.push_back(static_cast<char>(code >> 8));
  payload.push_back(static_cast<char>(code));
  return ClientFrame(kClose, payload.append(reason));
}

// Takes one frame off the front; nullopt when there is none.
inline std::optional<Frame> TakeFrame(std::string& bytes) {
  if (bytes.size() < 2) return std::nullopt;
  size_t n = static_cast<uint8_t>(bytes[1]) & 0x7f;
  size_t at = 2;
  const size_t length_bytes = n == 126 ? 2 : n == 127 ? 8 : 0;
  if (length_bytes > 0) {
    n = 0;
    for (size_t i = 0; i < length_bytes; ++i) n = n * 256 + static_cast<uint8_t>(bytes.at(at++));
  }
  if (bytes.size() < at + n) return std::nullopt;
  Frame frame{static_cast<uint8_t>(bytes[0]), bytes.substr(at, n)};
  bytes.erase(0, at + n);
  return frame;
}

}  // namespace meshhost
