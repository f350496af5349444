// SPDX-License-Identifier: Apache-2.0
//
// Worker: one thread with one event loop. A connection lives and dies on its worker, so nothing on
// the data path takes a lock; other threads reach it only by posting tasks.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "host/call/buffer.h"
#include "host/call/loop.h"
#include "host/net/connection_stats.h"

namespace boost::asio {
class io_context;
}

namespace meshhost {

class SocketPoller;

// Owned by the runtime. Start and Join belong to the control thread.
class Worker final : public Loop {
 public:
  explicit Worker(uint32_t index);
  ~Worker() override;

  void Start();
  // Ends the loop after the handler that runs now; any thread.
  void Stop();
  void Join();

  // Loop.
  void Post(Task& task) override;
  bool IsCurrent() const override;
  void AtTurnEnd(Task& task) override;
  TimerWheel& timers() override;
  ArenaPool& arenas() override;
  uint64_t now_ns() const override;
  uint32_t index() const override { return index_; }

  // The block that sessions read into; not held across turns. A new one when somebody kept bytes of
  // the last. Loop thread only.
  Block& read_block();
  // Refreshes now_ns; the channels call it before each event.
  void BeginEvent();
  boost::asio::io_context& io();
  SocketPoller& sockets();
  ConnectionStats& stats() { return stats_; }
  const ConnectionStats& stats() const { return stats_; }

 private:
  struct Core;  // keeps Boost.Asio out of this header
  std::unique_ptr<Core> core_;
  std::thread thread_;
  ConnectionStats stats_;
  const uint32_t index_;
};

}  // namespace meshhost
