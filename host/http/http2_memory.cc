// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace meshhost {

Http2Memory::Http2Memory()
    : frame_buffer_(std::make_unique_for_overwrite<uint8_t[]>(kFrameBuffer)) {
  table_.mem_user_data = this;
  table_.malloc = [](size_t size, void* self) {
    return static_cast<Http2Memory*>(self)->Allocate(size);
  };
  table_.free = [](void* memory, void* self) { static_cast<Http2Memory*>(self)->Free(memory); };
  table_.calloc = [](size_t n, size_t size, void* self) {
    void* memory = static_cast<Http2Memory*>(self)->Allocate(n * size);
    if (memory != nullptr) std::memset(memory, 0, n * size);
    return memory;
  };
  table_.realloc = [](void* memory, size_t size, void* self) {
    return static_cast<Http2Memory*>(self)->Reallocate(memory, size);
  };
}

Http2Memory::~Http2Memory() {
  for (Chunk* chunk : idle_) {
    while (chunk != nullptr) std::free(std::exchange(chunk, chunk->next));
  }
  for (void* slab : slabs_) munmap(slab, kPage * kPagesPerSlab);
}

void Http2Memory::BeginSession() {
  making_session_ = true;
  session_page_ = nullptr;
}

void* Http2Memory::EndSession() {
  making_session_ = false;
  return session_page_;
}

void Http2Memory::Trim(void* page) {
  if (page == nullptr) return;
  const auto* words = static_cast<const uint64_t*>(page);
  if (!std::all_of(words, words + kPage / sizeof(uint64_t), [](uint64_t w) { return w == 0; })) {
    return;
  }
  madvise(page, kPage, MADV_DONTNEED);
}

void* Http2Memory::TakePage() {
  if (idle_pages_.empty()) {
    void* slab = mmap(nullptr, kPage * kPagesPerSlab, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (slab == MAP_FAILED) return nullptr;
    slabs_.push_back(slab);
    for (size_t i = kPagesPerSlab; i-- > 0;) {
      idle_pages_.push_back(static_cast<uint8_t*>(slab) + i * kPage);
    }
  }
  void* page = idle_pages_.back();
  idle_pages_.pop_back();
  bytes_in_use_ += kPage;
  return page;
}

void* Http2Memory::Allocate(size_t size) {
  if (ServesAsFrameBuffer(size)) return frame_buffer_.get();
  if (making_session_ && size == kPage) return session_page_ = TakePage();
  const size_t slot = size == 0 ? 0 : (size - 1) / kStep;
  if (slot < kClasses && idle_[slot] != nullptr) {
    Chunk* chunk = idle_[slot];
    idle_[slot] = chunk->next;
    --idle_count_[slot];
    bytes_in_use_ += sizeof(Chunk) + chunk->payload;
    return chunk + 1;
  }
  const size_t payload = slot < kClasses ? (slot + 1) * kStep : size;
  // Aligned so that what lies behind the chunk's head never begins a page: that tells pages apart.
  const size_t bytes = (sizeof(Chunk) + payload + kChunkAlign - 1) / kChunkAlign * kChunkAlign;
  auto* chunk = static_cast<Chunk*>(std::aligned_alloc(kChunkAlign, bytes));
  if (chunk == nullptr) return nullptr;
  chunk->payload = payload;
  bytes_in_use_ += sizeof(Chunk) + payload;
  return chunk + 1;
}

void Http2Memory::Free(void* memory) {
  if (memory == nullptr || memory == frame_buffer_.get()) return;
  if (IsPage(memory)) {
    bytes_in_use_ -= kPage;
    return idle_pages_.push_back(memory);
  }
  Chunk* chunk = static_cast<Chunk*>(memory) - 1;
  bytes_in_use_ -= sizeof(Chunk) + chunk->payload;
  const size_t slot = chunk->payload / kStep - 1;
  const bool pooled = chunk->payload <= kClasses * kStep && chunk->payload % kStep == 0;
  if (!pooled || idle_count_[slot] >= kMaxIdle) return std::free(chunk);
  chunk->next = idle_[slot];
  idle_[slot] = chunk;
  ++idle_count_[slot];
}

void* Http2Memory::Reallocate(void* memory, size_t size) {
  if (memory == nullptr) return Allocate(size);
  size_t had = kPage;
  if (memory == frame_buffer_.get()) {
    had = kFrameBuffer;
  } else if (!IsPage(memory)) {
    had = (static_cast<Chunk*>(memory) - 1)->payload;
    if (size <= had) return memory;
  }
  void* moved = Allocate(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, std::min(had, size));
  Free(memory);
  return moved;
}

}  // namespace meshhost
