// SPDX-License-Identifier: Apache-2.0
//
// ModuleCall: the host side of mh_call. The module may use the handle on any thread, while the
// Exchange under it belongs to one worker, so each operation has two ways:
//
//   on the worker      straight into the Exchange: no lock, no allocation
//   on other threads   a RemoteOp that owns its bytes, run by the worker in order; the answer that
//                      the caller gets at once comes from a few atomics
//
// Events go the other way. An inline method runs them on the worker as they come; if module code is
// on the worker's stack at that moment (the event was caused by an operation) they wait until it
// has returned. A pool method runs them one after another on the module's threads.
//
//   Begin --> on_call --bind--> open --finish--> OnEnd of the exchange --> on_end --> freed
//                 \-------------------finish---> OnEnd of the exchange ------------> freed
//
// Memory: it lives in the arena of its call, which the worker recycles. References: one of its own,
// dropped after the end event, one for each task that is queued somewhere and one for each foreign
// thread inside an operation. The last one frees it, on the worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "host/base/task.h"
#include "host/call/exchange.h"
#include "host/module/call_events.h"
#include "host/module/crossing.h"
#include "host/module/handles.h"
#include "host/module/module_method.h"
#include "host/module/remote_op.h"

namespace meshhost {

class ModuleCall final : public ::mh_call, public Receiver {
 public:
  ModuleCall(Exchange& exchange, const ModuleMethod& method);
  ModuleCall(const ModuleCall&) = delete;
  ModuleCall& operator=(const ModuleCall&) = delete;

  // Worker, once, from Handler::OnCall. The call may be over when it returns.
  void Begin(const Message* first);

  // ---- mh_call_ops (call_ops.cc has the C side).
  const mh_call_info* Info();                                       // any thread
  mh_rc Bind(const mh_call_events& events, void* ud);               // inside on_call
  mh_rc Pull(std::uint32_t messages);                               // any thread
  mh_rc SendHeaders(std::int32_t code, const mh_kv*, std::size_t);  // any thread
  mh_rc Send(const mh_msg& message);                                // any thread
  mh_rc Finish(const mh_msg* last, const mh_status* status);        // any thread
  bool gone() const { return context_.gone.load(std::memory_order_acquire); }
  std::uint32_t cancelled() const { return first_why_.load(std::memory_order_acquire); }

 private:
  struct CallTask : Task {
    CallTask(void (*run_function)(Task*), ModuleCall& owner) : Task(run_function), call(owner) {}
    ModuleCall& call;
  };

  // Events that wait, and whether the task that runs them is on its way or running.
  struct Waiting {
    absl::Mutex mutex;
    CallEvents events ABSL_GUARDED_BY(mutex);
    bool scheduled ABSL_GUARDED_BY(mutex) = false;
  };
  struct DestroyInPlace {
    void operator()(Waiting* waiting) const { std::destroy_at(waiting); }
  };

  ~ModuleCall() override;

  // ---- Receiver: the worker.
  void OnMessage(const Message& message) override;
  void OnHalfClose() override;
  void OnWritable() override;
  void OnCancel(CancelReason reason) override;
  void OnEnd(const Final& final) override;

  // ---- Module code (module_call_events.cc): the worker when inline, else the module's threads.
  void RunCall(const Message* first);
  void RunMessage(const Message& message);
  void RunHalfClose();
  void RunWritable();
  void RunCancel(std::uint32_t why);
  void RunEnd();
  template <typename Fn>
  void Enter(Fn&& fn);
  void SettleCall();
  void FailInternal(std::string_view text);
  int crossing_worker() const {
    return method_.inline_exec() ? static_cast<int>(worker_) : Crossing::kNoWorker;
  }
  bool Listening() const { return bound_ && !finished_.load(std::memory_order_relaxed); }
  CallEvent TakeNext();
  bool RunNext();
  void RunPool();
  void RunDeferred();
  bool MustQueue() const { return !method_.inline_exec() || Crossing::Active(); }
  template <typename Add>
  void Queue(Add&& add);
  Waiting& waiting();
  void Schedule();
  void Defer();
  void BeginInPool(const Message* first);
  void RaiseWritable();

  // ---- Operations on the worker.
  mh_rc SendHeadersNow(std::int32_t code, const OutgoingHeaders& headers);
  Sent SendNow(const mh_msg& message);
  mh_rc FinishNow(const mh_msg* last, const mh_status* status);
  void PullNow(std::uint64_t messages);
  bool Direct() const { return loop_.IsCurrent() && remote_.empty(); }

  // ---- Operations from other threads (module_call_remote.cc).
  void Post(std::unique_ptr<RemoteOp> op);
  void Kick();
  mh_rc SendRemote(const mh_msg& message);
  mh_rc FinishRemote(const mh_msg* last, const mh_status* status);
  void RunRemote();
  void DrainRemote();
  bool ExecuteFront();
  void ReturnBytes(std::size_t bytes);

  void Ref() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Unref() {
    if (refs_.load(std::memory_order_acquire) == 1 ||
        refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      Last();
    }
  }
  // The same on the worker, where most calls drop their only reference.
  void UnrefOnWorker() {
    if (refs_.load(std::memory_order_acquire) == 1) return Destroy();
    Unref();
  }
  void Last();
  void Destroy();

  Exchange& exchange_;
  Loop& loop_;
  const std::uint32_t worker_;
  const ModuleMethod& method_;
  CallContext& context_;

  std::atomic<std::uint32_t> refs_{1};
  std::atomic<std::uint32_t> first_why_{0};
  std::atomic<bool> finished_{false};  // finish was taken
  std::atomic<bool> lost_{false};      // nobody reads an answer any more
  std::atomic<bool> headers_sent_{false};
  std::atomic<bool> writable_owed_{false};  // send said MH_AGAIN
  std::atomic<bool> posted_{false};         // loop_task_ is on its way
  std::atomic<std::uint64_t> remote_pull_{0};
  std::atomic<std::size_t> remote_bytes_{0};
  std::atomic<const mh_call_info*> info_{nullptr};
  std::unique_ptr<Arena> info_arena_;  // of whoever set info_, when that was not the worker

  // The thread that runs the call's events.
  bool in_on_call_ = false;
  bool bound_ = false;
  bool ended_in_on_call_ = false;
  mh_call_events events_;  // valid when bound_
  void* events_ud_ = nullptr;

  // Worker only.
  RemoteOps remote_;
  bool draining_remote_ = false;
  bool deferred_ = false;
  std::uint8_t whys_seen_ = 0;
  std::uint64_t deferred_pull_ = 0;
  bool queued_ = false;  // inline: queue_ is not empty, so that the usual case takes no lock

  // Null until an event has to wait, which an inline unary call never lets happen. In the arena.
  std::unique_ptr<Waiting, DestroyInPlace> waiting_;
  CallTask loop_task_;
  CallTask event_task_;
};

}  // namespace meshhost
