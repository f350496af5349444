// SPDX-License-Identifier: Apache-2.0
// Goal: a module may finish from any thread at any time, while the peer leaves, the deadline passes
// or nothing of that happens, and nothing is freed early, twice or never. Method: 100,000 calls
// whose handles another thread finishes while the worker ends half of them; the sanitizers look on.
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "host/module/call_ops.h"
#include "tests/unit/module/fake_call.h"

namespace meshhost {
namespace {

constexpr int kCalls = 100'000;

// The module: a thread of its own that finishes what on_call gave it.
class Finisher {
 public:
  explicit Finisher(bool streaming) : streaming_(streaming), thread_([this] { Run(); }) {}
  ~Finisher() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  static void OnCall(void* ud, mh_call* call, const mh_msg*) {
    auto* self = static_cast<Finisher*>(ud);
    if (self->streaming_) self->Bind(call);
    std::lock_guard lock(self->mutex_);
    self->calls_.push_back(call);
    self->changed_.notify_one();
  }

  int ended() const { return ended_; }

 private:
  void Bind(mh_call* call) {
    mh_call_events events = {};
    events.size = sizeof(events);
    events.on_end = [](void* ud, mh_call*, const mh_status*) {
      ++static_cast<Finisher*>(ud)->ended_;
    };
    CallOps().bind(call, &events, this);
  }

  void Run() {
    const std::string text = "late answer";
    const mh_slice slice = BorrowedSlice(text);
    const mh_msg message = {&slice, 1, 0};
    for (;;) {
      mh_call* call;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stop_ || !calls_.empty(); });
        if (calls_.empty()) return;
        call = calls_.front();
        calls_.pop_front();
      }
      CallOps().info(call);
      CallOps().cancelled(call);
      if (streaming_) CallOps().send(call, &message, 0);
      const mh_rc rc = CallOps().finish(call, &message, nullptr);
      EXPECT_TRUE(rc == MH_OK || rc == MH_CANCELLED);
    }
  }

  const bool streaming_;
  std::atomic<int> ended_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<mh_call*> calls_;
  bool stop_ = false;
  std::thread thread_;
};

void RunCalls(std::uint32_t kind, std::uint32_t exec, int calls) {
  FakeModule module;
  module.context.high_mark = 1 << 20;
  Finisher finisher(kind == MH_KIND_BIDI);
  ModuleMethod& method = module.Add(Kind::kGrpc, kind, exec, Finisher::OnCall, &finisher);
  std::deque<std::unique_ptr<FakeCall>> open;
  for (int i = 0; i < calls; ++i) {
    open.push_back(
        std::make_unique<FakeCall>(module.loop, method.endpoint(), FakeCall::Flush::kInside));
    FakeCall& call = *open.back();
    if (kind == MH_KIND_UNARY) {
      call.Request("question");
    } else {
      call.Start();
    }
    // The peer of every other call leaves at some moment around the module's answer.
    if (i % 2 == 0 && call.finishes == 0) call.Lose();
    module.loop.RunPosted();
    while (!open.empty() && open.front()->destroyed) open.pop_front();
    if (open.size() > 3) module.loop.RunUntil([&] { return open.front()->destroyed; });
  }
  module.loop.RunUntil([&] { return module.counts.calls.open() == 0; });
  EXPECT_EQ(module.counts.calls.begun(), static_cast<std::uint64_t>(calls));
  for (const auto& call : open) EXPECT_TRUE(call->destroyed);
  EXPECT_EQ(finisher.ended(), kind == MH_KIND_BIDI ? calls : 0);
}

TEST(LateCompletion, UnaryInline) { RunCalls(MH_KIND_UNARY, MH_EXEC_INLINE, kCalls); }

TEST(LateCompletion, BidiInline) { RunCalls(MH_KIND_BIDI, MH_EXEC_INLINE, kCalls); }

TEST(LateCompletion, UnaryPool) { RunCalls(MH_KIND_UNARY, MH_EXEC_POOL, kCalls); }

TEST(LateCompletion, BidiPool) { RunCalls(MH_KIND_BIDI, MH_EXEC_POOL, kCalls); }

}  // namespace
}  // namespace meshhost
