// SPDX-License-Identifier: Apache-2.0
//
// Http2Memory: where nghttp2's objects live. Three things make it worth its code:
//   - A unary call makes nghttp2 allocate about eight small objects and free them again: free
//     chunks wait in lists by size.
//   - Each nghttp2 session allocates a 16 KiB buffer to serialise frames in. The bytes of a frame
//     are copied out before another session runs, so all sessions of a worker share one.
//   - Each has a table of streams of exactly one page, all zero while no stream is open. It is
//     placed on a page of its own, which goes back to the system while the connection is quiet
//     (Trim) and comes back as zeros when it is touched.
// Together they bring an idle connection from 26 KiB down to 5.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace meshhost {

// Owned by the Http2Server of a worker; outlives its sessions. Worker thread only.
class Http2Memory final {
 public:
  Http2Memory();
  ~Http2Memory();
  Http2Memory(const Http2Memory&) = delete;
  Http2Memory& operator=(const Http2Memory&) = delete;

  nghttp2_mem* table() { return &table_; }
  // Between these two nghttp2_session_server_new3 runs: its frame buffer is the shared one. Returns
  // the page that Trim may be called with.
  void BeginSession();
  void* EndSession();
  // Gives the page's memory back when it holds nothing but zeros, whoever owns it by now.
  static void Trim(void* page);
  // Bytes that nghttp2 holds now, chunk headers included, shared buffer excluded.
  size_t bytes_in_use() const { return bytes_in_use_; }

 private:
  struct alignas(std::max_align_t) Chunk {
    Chunk* next;
    size_t payload;
  };
  static_assert(sizeof(Chunk) == alignof(std::max_align_t));
  static constexpr size_t kStep = 64;
  static constexpr size_t kClasses = 8;  // 64, 128, ... 512
  static constexpr size_t kMaxIdle = 1024;
  static constexpr size_t kFrameBuffer = 16 * 1024 + 64;
  static constexpr size_t kChunkAlign = 2 * alignof(std::max_align_t);
  static constexpr size_t kPage = 4096;
  static constexpr size_t kPagesPerSlab = 64;

  void* Allocate(size_t size);
  void Free(void* memory);
  void* Reallocate(void* memory, size_t size);
  void* TakePage();
  bool IsPage(const void* memory) const { return reinterpret_cast<uintptr_t>(memory) % kPage == 0; }
  bool ServesAsFrameBuffer(size_t size) const {
    return making_session_ && size > 16 * 1024 && size <= kFrameBuffer;
  }

  nghttp2_mem table_;
  bool making_session_ = false;
  void* session_page_ = nullptr;
  size_t bytes_in_use_ = 0;
  std::array<Chunk*, kClasses> idle_{};
  std::array<size_t, kClasses> idle_count_{};
  std::vector<void*> slabs_;
  std::vector<void*> idle_pages_;
  std::unique_ptr<uint8_t[]> frame_buffer_;
};

}  // namespace meshhost
