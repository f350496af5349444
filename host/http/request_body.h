// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "host/call/buffer.h"

namespace meshhost {

// Gathers a whole request body. The usual body arrives in one piece, which is held where it was
// received; else the pieces are copied together, because each would keep a whole read block alive.
// Not thread-safe.
class RequestBody final {
 public:
  RequestBody() = default;
  ~RequestBody();
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  // `expected`: size of the whole body if known, else 0.
  void Append(const Slice& piece, uint64_t expected);
  size_t size() const { return size_; }
  Slice slice() const;

 private:
  void Grow(size_t needed, uint64_t expected);

  HeldSlice whole_;
  Block* block_ = nullptr;  // one reference
  size_t size_ = 0;
};

}  // namespace meshhost
