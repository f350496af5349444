// SPDX-License-Identifier: Apache-2.0
//
// Http2Memory: where nghttp2's objects live. A unary call makes it allocate about eight small
// objects and free them again, so free chunks wait in lists by size. And each nghttp2 session
// allocates a 16 KiB buffer to serialise frames in, which would be two thirds of an idle
// connection's memory: since the bytes of a frame are copied out before another session runs, all
// sessions of a worker share one.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace meshhost {

// Owned by the Http2Server of a worker; outlives its sessions. Worker thread only.
class Http2Memory final {
 public:
  Http2Memory();
  ~Http2Memory();
  Http2Memory(const Http2Memory&) = delete;
  Http2Memory& operator=(const Http2Memory&) = delete;

  nghttp2_mem* table() { return &table_; }
  // Between these two nghttp2_session_server_new3 runs: its frame buffer is the shared one.
  void BeginSession() { making_session_ = true; }
  void EndSession() { making_session_ = false; }
  // Bytes that nghttp2 holds now, chunk headers included, shared buffer excluded.
  size_t bytes_in_use() const { return bytes_in_use_; }

 private:
  struct alignas(std::max_align_t) Chunk {
    Chunk* next;
    size_t payload;
  };
  static constexpr size_t kStep = 64;
  static constexpr size_t kClasses = 8;  // 64, 128, ... 512
  static constexpr size_t kMaxIdle = 1024;
  static constexpr size_t kFrameBuffer = 16 * 1024 + 64;

  void* Allocate(size_t size);
  void Free(void* memory);
  void* Reallocate(void* memory, size_t size);
  bool ServesAsFrameBuffer(size_t size) const {
    return making_session_ && size > 16 * 1024 && size <= kFrameBuffer;
  }

  nghttp2_mem table_;
  bool making_session_ = false;
  size_t bytes_in_use_ = 0;
  std::array<Chunk*, kClasses> idle_{};
  std::array<size_t, kClasses> idle_count_{};
  std::unique_ptr<uint8_t[]> frame_buffer_;
};

}  // namespace meshhost
