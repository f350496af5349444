// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_thread.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "host/base/signal_stack.h"

namespace meshhost {

std::thread StartModuleThread(const std::string& name, std::function<void()> body) {
  sigset_t blocked;
  sigset_t before;
  sigfillset(&blocked);
  // Faults are delivered to the thread that made them; blocking those would hide their cause.
  for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&blocked, fault);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  std::thread thread([body = std::move(body)] {
    const SignalStack stack;
    body();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
  return thread;
}

ModuleThreads::~ModuleThreads() { JoinReturned(); }

void ModuleThreads::Start(const std::string& name, void (*fn)(void*), void* arg, mh_thread** out) {
  auto owned = std::make_unique<Thread>(*this);
  Thread* thread = owned.get();
  if (out != nullptr) *out = thread;
  absl::MutexLock lock(&mutex_);
  threads_.push_back(std::move(owned));
  running_.fetch_add(1);
  thread->thread = StartModuleThread(name, [this, thread, fn, arg] {
    if (!Cross(mark_, Crossing::kNoWorker, [fn, arg] { fn(arg); })) {
      misbehaviour_.OnException(mark_.method);
    }
    thread->returned.store(true);
    running_.fetch_sub(1);
  });
}

mh_rc ModuleThreads::Join(mh_thread* handle) {
  std::unique_ptr<Thread> thread = static_cast<Thread*>(handle)->owner.Take(handle);
  if (thread == nullptr) return MH_INVALID;
  thread->thread.join();
  return MH_OK;
}

std::unique_ptr<ModuleThreads::Thread> ModuleThreads::Take(mh_thread* handle) {
  absl::MutexLock lock(&mutex_);
  const auto found = std::find_if(threads_.begin(), threads_.end(),
                                  [handle](const auto& each) { return each.get() == handle; });
  if (found == threads_.end()) return nullptr;
  if ((*found)->thread.get_id() == std::this_thread::get_id()) return nullptr;
  std::unique_ptr<Thread> thread = std::move(*found);
  threads_.erase(found);
  return thread;
}

void ModuleThreads::JoinReturned() {
  std::list<std::unique_ptr<Thread>> returned;
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = threads_.begin(); it != threads_.end();) {
      auto next = std::next(it);
      if ((*it)->returned.load()) returned.splice(returned.end(), threads_, it);
      it = next;
    }
  }
  for (auto& thread : returned) thread->thread.join();
}

}  // namespace meshhost
