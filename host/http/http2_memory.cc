// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_memory.h"

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
}

void* Http2Memory::Allocate(size_t size) {
  if (ServesAsFrameBuffer(size)) return frame_buffer_.get();
  const size_t slot = size == 0 ? 0 : (size - 1) / kStep;
  if (slot < kClasses && idle_[slot] != nullptr) {
    Chunk* chunk = idle_[slot];
    idle_[slot] = chunk->next;
    --idle_count_[slot];
    bytes_in_use_ += sizeof(Chunk) + chunk->payload;
    return chunk + 1;
  }
  const size_t payload = slot < kClasses ? (slot + 1) * kStep : size;
  auto* chunk = static_cast<Chunk*>(std::malloc(sizeof(Chunk) + payload));
  if (chunk == nullptr) return nullptr;
  chunk->payload = payload;
  bytes_in_use_ += sizeof(Chunk) + payload;
  return chunk + 1;
}

void Http2Memory::Free(void* memory) {
  if (memory == nullptr || memory == frame_buffer_.get()) return;
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
  const size_t had = memory == frame_buffer_.get()
                         ? kFrameBuffer
                         : (static_cast<Chunk*>(memory) - 1)->payload;
  if (size <= had && memory != frame_buffer_.get()) return memory;
  void* moved = Allocate(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, std::min(had, size));
  Free(memory);
  return moved;
}

}  // namespace meshhost
