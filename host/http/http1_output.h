// SPDX-License-Identifier: Apache-2.0
//
// Http1Output: what a connection has to write, in order. Heads and small bodies are formatted one
// behind the other into a block that the worker recycles, so that the answers to all pipelined
// requests of a turn are one piece for one system call; large pieces of body are held, not copied.
// An empty output owns nothing.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "host/call/buffer.h"

namespace meshhost {

// Idle write blocks of one worker. Worker thread only.
class WriteBlocks final {
 public:
  static constexpr size_t kBytes = 16 * 1024;
  static constexpr size_t kMaxIdle = 64;

  WriteBlocks() { idle_.reserve(kMaxIdle); }
  ~WriteBlocks();
  WriteBlocks(const WriteBlocks&) = delete;
  WriteBlocks& operator=(const WriteBlocks&) = delete;

  // With one reference.
  Block* Take(size_t capacity);
  // The reference comes back.
  void Give(Block* block);

 private:
  std::vector<Block*> idle_;
};

// Not thread-safe; owned by its connection.
class Http1Output final {
 public:
  // From this size on a slice with an owner is held, not copied.
  static constexpr size_t kHoldFrom = 4096;

  explicit Http1Output(WriteBlocks& blocks) : blocks_(blocks) {}
  ~Http1Output() { Clear(); }
  Http1Output(const Http1Output&) = delete;
  Http1Output& operator=(const Http1Output&) = delete;

  // Room for up to n bytes, of which Commit says how many were used.
  char* Reserve(size_t n);
  void Commit(size_t n);
  void Append(std::string_view bytes);
  void Append(const Slice& slice);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Fills from the front; returns how many pieces.
  size_t Gather(std::span<iovec> pieces) const;
  // Drops n bytes from the front; n <= size().
  void Pop(size_t n);
  void Clear();

 private:
  struct Piece {
    const uint8_t* begin;
    size_t n;
    mh_buf* owner;  // one reference, or null:
    Block* block;   // one reference, to a block of ours
  };

  void DropFirst();
  void GiveUp(Block* block);

  WriteBlocks& blocks_;
  std::vector<Piece> pieces_;  // keeps its memory: two or three pieces do for most
  size_t first_ = 0;           // piece to write next
  Block* tail_ = nullptr;      // block that is being filled; one reference
  size_t used_ = 0;            // bytes of it
  size_t size_ = 0;
};

}  // namespace meshhost
