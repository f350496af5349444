// SPDX-License-Identifier: Apache-2.0
//
// Arena: memory of one call. A call needs a dozen small objects (request head, header texts,
// exchange, codec, filter state) that all die together, so they are bumped out of one block that
// its worker recycles: a unary call costs no malloc. Objects placed here must be destroyed by
// whoever made them; the arena only gives the bytes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace meshhost {

// Not thread-safe: belongs to the worker that took it from its ArenaPool.
class Arena final {
 public:
  static constexpr size_t kInlineBytes = 4096 - 64;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* Allocate(size_t size, size_t align = alignof(std::max_align_t)) {
    uintptr_t at = (reinterpret_cast<uintptr_t>(next_) + align - 1) & ~uintptr_t{align - 1};
    if (at + size > reinterpret_cast<uintptr_t>(end_)) return AllocateChunk(size, align);
    next_ = reinterpret_cast<uint8_t*>(at + size);
    return reinterpret_cast<void*>(at);
  }

  template <typename T, typename... Args>
  T* New(Args&&... args) {
    return new (Allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }

  // Uninitialised array of trivial T.
  template <typename T>
  std::span<T> NewArray(size_t n) {
    return {static_cast<T*>(Allocate(n * sizeof(T), alignof(T))), n};
  }

  std::string_view Copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(Allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // Gives all bytes back; views and objects in the arena are dead.
  void Reset() {
    chunks_.clear();
    chunk_bytes_ = 0;
    next_ = inline_;
    end_ = inline_ + kInlineBytes;
  }

  // Bytes allocated beyond the inline block.
  size_t chunk_bytes() const { return chunk_bytes_; }

 private:
  void* AllocateChunk(size_t size, size_t align) {
    const size_t bytes = size + align > 8192 ? size + align : 8192;
    chunks_.push_back(std::make_unique_for_overwrite<uint8_t[]>(bytes));
    chunk_bytes_ += bytes;
    next_ = chunks_.back().get();
    end_ = next_ + bytes;
    return Allocate(size, align);
  }

  std::vector<std::unique_ptr<uint8_t[]>> chunks_;
  size_t chunk_bytes_ = 0;
  uint8_t* next_ = inline_;
  uint8_t* end_ = inline_ + kInlineBytes;
  alignas(std::max_align_t) uint8_t inline_[kInlineBytes];
};

// Recycles arenas of one worker. Not thread-safe.
class ArenaPool final {
 public:
  // Beyond this many idle arenas memory goes back to the allocator.
  static constexpr size_t kMaxIdle = 1024;

  ArenaPool() { idle_.reserve(kMaxIdle); }

  Arena* Take() {
    if (idle_.empty()) return new Arena;
    Arena* arena = idle_.back().release();
    idle_.pop_back();
    return arena;
  }

  void Give(Arena* arena) {
    std::unique_ptr<Arena> owned(arena);
    if (idle_.size() >= kMaxIdle) return;
    owned->Reset();
    idle_.push_back(std::move(owned));
  }

 private:
  std::vector<std::unique_ptr<Arena>> idle_;
};

}  // namespace meshhost
