// SPDX-License-Identifier: Apache-2.0
//
// A worker and a connection without threads, sockets and clocks: the test moves time, feeds bytes
// and looks at what was written.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/call/buffer.h"
#include "host/call/loop.h"
#include "host/net/channel.h"

namespace meshhost {

// Runs tasks and timers when told to. Single-threaded.
class FakeLoop final : public Loop {
 public:
  FakeLoop() : wheel_(now_ns_) {}
  ~FakeLoop() override { read_block_->Release(); }

  void Post(Task& task) override { posted_.push_back(&task); }
  bool IsCurrent() const override { return true; }
  void AtTurnEnd(Task& task) override { turn_end_.push_back(&task); }
  TimerWheel& timers() override { return wheel_; }
  ArenaPool& arenas() override { return arenas_; }
  uint64_t now_ns() const override { return now_ns_; }
  uint32_t index() const override { return 0; }

  // The block to read into, as Worker has it.
  Block& read_block() {
    if (!read_block_->unique()) {
      read_block_->Release();
      read_block_ = Block::New(64 * 1024);
    }
    return *read_block_;
  }

  // Runs what is queued, and what that queues, until nothing is left.
  void RunUntilIdle() {
    while (!posted_.empty() || !turn_end_.empty()) {
      std::deque<Task*>& queue = posted_.empty() ? turn_end_ : posted_;
      Task* task = queue.front();
      queue.pop_front();
      task->run(task);
    }
  }

  // Moves the clock, fires timers on the way and runs what they queue.
  void Advance(uint64_t by_ns) {
    const uint64_t end = now_ns_ + by_ns;
    while (now_ns_ < end) {
      now_ns_ = std::min(end, now_ns_ + TimerWheel::kTickNs);
      wheel_.Advance(now_ns_);
      RunUntilIdle();
    }
  }

 private:
  uint64_t now_ns_ = 1'000'000'000;
  TimerWheel wheel_;
  ArenaPool arenas_;
  Block* read_block_ = Block::New(64 * 1024);
  std::deque<Task*> posted_;
  std::deque<Task*> turn_end_;
};

// The host's end of a connection whose other end is the test.
class FakeChannel final : public Channel {
 public:
  explicit FakeChannel(PeerRef peer = new Peer, std::string alpn = "")
      : peer_(std::move(peer)), alpn_(std::move(alpn)) {}

  // ---- The test's end.
  // Bytes arrive; the session is told when it waits for them.
  void Feed(std::string_view bytes) {
    input_.append(bytes);
    SignalReadable();
  }
  // Bytes are in the socket, and readiness has not been told yet.
  void FeedSilently(std::string_view bytes) { input_.append(bytes); }
  void CloseByPeer() {
    peer_closed_ = true;
    SignalReadable();
  }
  void ResetByPeer() {
    peer_reset_ = true;
    SignalReadable();
  }
  // How many bytes Write takes until told otherwise; grants wake a waiting session.
  void SetWritable(size_t bytes) {
    write_budget_ = bytes;
    if (budget_left() && awaiting_writable_) {
      awaiting_writable_ = false;
      if (events_ != nullptr) events_->OnWritable();
    }
  }
  // Every Read returns at most that many bytes.
  void SetReadSize(size_t bytes) { read_size_ = bytes; }
  std::string TakeOutput() { return std::exchange(output_, {}); }
  const std::string& output() const { return output_; }
  size_t unread() const { return input_.size() - read_at_; }
  bool closed() const { return closed_; }
  bool aborted() const { return aborted_; }
  bool write_shut() const { return write_shut_; }
  bool awaiting_readable() const { return awaiting_readable_; }
  int writes() const { return writes_; }

  // ---- Channel.
  void SetEvents(ChannelEvents* events) override { events_ = events; }
  IoResult Read(std::span<uint8_t> into) override {
    if (closed_ || peer_reset_) return {IoResult::Kind::kError};
    const size_t n = std::min({into.size(), unread(), read_size_});
    if (n == 0) return {peer_closed_ ? IoResult::Kind::kEnd : IoResult::Kind::kWouldBlock};
    std::memcpy(into.data(), input_.data() + read_at_, n);
    read_at_ += n;
    if (read_at_ == input_.size()) {
      input_.clear();
      read_at_ = 0;
    }
    return {IoResult::Kind::kBytes, n};
  }
  IoResult Write(std::span<const iovec> pieces) override {
    if (closed_ || write_shut_ || peer_reset_) return {IoResult::Kind::kError};
    ++writes_;
    size_t taken = 0;
    for (const iovec& piece : pieces) {
      const size_t n = std::min(piece.iov_len, write_budget_);
      output_.append(static_cast<const char*>(piece.iov_base), n);
      write_budget_ -= n;
      taken += n;
    }
    if (taken == 0) return {IoResult::Kind::kWouldBlock};
    return {IoResult::Kind::kBytes, taken};
  }
  void AwaitReadable() override { awaiting_readable_ = true; }
  void AwaitWritable() override { awaiting_writable_ = true; }
  bool HasPendingInput() const override { return false; }
  void ShutdownWrite() override { write_shut_ = true; }
  void Close() override {
    closed_ = true;
    events_ = nullptr;
  }
  void Abort() override {
    aborted_ = true;
    Close();
  }
  const PeerRef& peer() const override { return peer_; }
  std::string_view alpn() const override { return alpn_; }

  // Tells a waiting session that there is something to read. A session that leaves bytes unread and
  // waits again is woken again, as a level-triggered socket does.
  void SignalReadable() {
    while (awaiting_readable_ && events_ != nullptr && (unread() > 0 || ended())) {
      awaiting_readable_ = false;
      events_->OnReadable();
    }
  }

 private:
  bool budget_left() const { return write_budget_ > 0; }
  bool ended() const { return peer_closed_ || peer_reset_; }

  PeerRef peer_;
  std::string alpn_;
  ChannelEvents* events_ = nullptr;
  std::string input_;
  size_t read_at_ = 0;
  std::string output_;
  size_t write_budget_ = SIZE_MAX;
  size_t read_size_ = SIZE_MAX;
  int writes_ = 0;
  bool awaiting_readable_ = false;
  bool awaiting_writable_ = false;
  bool peer_closed_ = false;
  bool peer_reset_ = false;
  bool write_shut_ = false;
  bool closed_ = false;
  bool aborted_ = false;
};

}  // namespace meshhost
