// SPDX-License-Identifier: Apache-2.0
//
// The loop is Boost.Asio's. Four things are added, because each request would pay for them
// otherwise: posted tasks are intrusive and wake the loop once per batch, work for the end of a
// turn is collected in a list, time-outs live in a TimerWheel behind one Asio timer, and sockets
// are polled edge-triggered behind one descriptor (SocketPoller).
#include "host/net/worker.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <utility>

#include "host/base/clock.h"
#include "host/base/signal_stack.h"
#include "host/net/socket_poller.h"

namespace meshhost {
namespace {

namespace asio = boost::asio;

constexpr size_t kReadBlockBytes = 64 * 1024;

Task* Reverse(Task* list) {
  Task* reversed = nullptr;
  while (list != nullptr) {
    Task* next = std::exchange(list->next, reversed);
    reversed = std::exchange(list, next);
  }
  return reversed;
}

// Tasks may post themselves again while they run, so `next` is read first.
void RunAll(Task* list) {
  while (list != nullptr) {
    Task* task = std::exchange(list, list->next);
    task->next = nullptr;
    task->run(task);
  }
}

}  // namespace

struct Worker::Core {
  explicit Core(ConnectionStats& connection_stats)
      : io(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
        work(io.get_executor()),
        wake_timer(io),
        now_ns(MonotonicNs()),
        timers(now_ns, &Core::WakeEarlier, this),
        stats(connection_stats),
        sockets(io) {}

  static void WakeEarlier(void* context, uint64_t when_ns) {
    static_cast<Core*>(context)->WakeAt(when_ns);
  }

  // Replaces the pending wake, whose handler then runs with operation_aborted.
  void WakeAt(uint64_t when_ns) {
    timers.SetWake(when_ns);
    if (when_ns == UINT64_MAX) return;
    const uint64_t now = MonotonicNs();
    wake_timer.expires_after(std::chrono::nanoseconds(when_ns > now ? when_ns - now : 0));
    wake_timer.async_wait([this, when_ns](const boost::system::error_code& error) {
      if (!error) OnWake(when_ns);
    });
  }

  void OnWake(uint64_t when_ns) {
    now_ns = MonotonicNs();
    Bump(stats.turns);
    stats.loop_lag_ns.store(now_ns > when_ns ? now_ns - when_ns : 0, std::memory_order_relaxed);
    timers.SetWake(0);  // arming inside callbacks needs no wake: one is computed below
    timers.Advance(now_ns);
    WakeAt(timers.NextWakeNs());
  }

  void RunPosted() {
    now_ns = MonotonicNs();
    Bump(stats.turns);
    RunAll(Reverse(posted.exchange(nullptr, std::memory_order_acquire)));
  }

  void RunTurnEnd() {
    Task* tasks = std::exchange(turn_end_head, nullptr);
    turn_end_tail = nullptr;
    RunAll(tasks);
  }

  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::steady_timer wake_timer;
  uint64_t now_ns;
  TimerWheel timers;
  ArenaPool arenas;
  Block* read_block = nullptr;
  std::atomic<Task*> posted{nullptr};  // newest first
  Task* turn_end_head = nullptr;
  Task* turn_end_tail = nullptr;
  std::atomic<std::thread::id> thread_id{};
  ConnectionStats& stats;
  SocketPoller sockets;
};

Worker::Worker(uint32_t index) : core_(std::make_unique<Core>(stats_)), index_(index) {}

Worker::~Worker() {
  Stop();
  Join();
  if (core_->read_block != nullptr) core_->read_block->Release();
}

void Worker::Start() {
  thread_ = std::thread([this] {
    const SignalStack stack;
    core_->thread_id.store(std::this_thread::get_id(), std::memory_order_relaxed);
    core_->io.run();
  });
}

void Worker::Stop() { core_->io.stop(); }

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::Post(Task& task) {
  Task* head = core_->posted.load(std::memory_order_relaxed);
  do {
    task.next = head;
  } while (!core_->posted.compare_exchange_weak(head, &task, std::memory_order_release,
                                                std::memory_order_relaxed));
  // Whoever finds the list empty wakes the loop, once for all that follow until it runs.
  if (head == nullptr) asio::post(core_->io, [core = core_.get()] { core->RunPosted(); });
}

bool Worker::IsCurrent() const {
  return core_->thread_id.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

void Worker::AtTurnEnd(Task& task) {
  task.next = nullptr;
  if (core_->turn_end_tail == nullptr) {
    core_->turn_end_head = &task;
    asio::post(core_->io, [core = core_.get()] { core->RunTurnEnd(); });
  } else {
    core_->turn_end_tail->next = &task;
  }
  core_->turn_end_tail = &task;
}

TimerWheel& Worker::timers() { return core_->timers; }
ArenaPool& Worker::arenas() { return core_->arenas; }
uint64_t Worker::now_ns() const { return core_->now_ns; }
boost::asio::io_context& Worker::io() { return core_->io; }
SocketPoller& Worker::sockets() { return core_->sockets; }

Block& Worker::read_block() {
  Block*& block = core_->read_block;
  if (block != nullptr && block->unique()) return *block;
  if (block != nullptr) block->Release();
  block = Block::New(kReadBlockBytes);
  return *block;
}

void Worker::BeginEvent() {
  core_->now_ns = MonotonicNs();
  Bump(stats_.turns);
}

}  // namespace meshhost
