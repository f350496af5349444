// SPDX-License-Identifier: Apache-2.0
//
// Shows abseil's locks to the thread sanitizer.
//
// The packaged abseil is not instrumented, and its Mutex is no pthread mutex: the sanitizer sees
// nothing of it and calls everything that it guards a race. The executables of a tsan build carry
// these definitions, which the dynamic linker prefers to the library's: each calls the library and
// says what it ordered. They tell order only, not ownership, so that a wait that lets go of its
// mutex inside the library needs no more than to be wrapped, too. Readers count as writers, which
// can hide a race between two of them, but two readers do not race.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);

namespace {

// The library's own function. `name` is mangled, without its leading namespaces.
template <class Function>
Function* Library(const char* prefix, const char* name) {
  const std::string inner = ABSL_INTERNAL_INLINE_NAMESPACE_STR;
  const std::string symbol = prefix + ("4absl" + std::to_string(inner.size())) + inner + name;
  void* found = dlsym(RTLD_NEXT, symbol.c_str());
  if (found == nullptr) {
    std::fprintf(stderr, "absl_locks: no %s in the abseil library\n", symbol.c_str());
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

// Runs a wait that gives the lock away and takes it back.
template <class Wait>
auto Reacquiring(void* lock, Wait wait) {
  __tsan_release(lock);
  struct Acquire {
    void* lock;
    ~Acquire() { __tsan_acquire(lock); }
  } acquire{lock};
  return wait();
}

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static const auto library = Library<void(Mutex*)>("_ZN", "5Mutex4LockEv");
  library(this);
  __tsan_acquire(this);
}

bool Mutex::TryLock() {
  static const auto library = Library<bool(Mutex*)>("_ZN", "5Mutex7TryLockEv");
  const bool locked = library(this);
  if (locked) __tsan_acquire(this);
  return locked;
}

void Mutex::Unlock() {
  static const auto library = Library<void(Mutex*)>("_ZN", "5Mutex6UnlockEv");
  __tsan_release(this);
  library(this);
}

void Mutex::ReaderLock() {
  static const auto library = Library<void(Mutex*)>("_ZN", "5Mutex10ReaderLockEv");
  library(this);
  __tsan_acquire(this);
}

void Mutex::ReaderUnlock() {
  static const auto library = Library<void(Mutex*)>("_ZN", "5Mutex12ReaderUnlockEv");
  __tsan_release(this);
  library(this);
}

void Mutex::Await(const Condition& condition) {
  static const auto library =
      Library<void(Mutex*, const Condition&)>("_ZN", "5Mutex5AwaitERKNS0_9ConditionE");
  Reacquiring(this, [&] { library(this, condition); });
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  static const auto library = Library<bool(Mutex*, const Condition&, Duration)>(
      "_ZN", "5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  return Reacquiring(this, [&] { return library(this, condition, timeout); });
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static const auto library = Library<bool(Mutex*, const Condition&, Time)>(
      "_ZN", "5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  return Reacquiring(this, [&] { return library(this, condition, deadline); });
}

void Mutex::LockWhen(const Condition& condition) {
  static const auto library =
      Library<void(Mutex*, const Condition&)>("_ZN", "5Mutex8LockWhenERKNS0_9ConditionE");
  library(this, condition);
  __tsan_acquire(this);
}

void CondVar::Wait(Mutex* mutex) {
  static const auto library = Library<void(CondVar*, Mutex*)>("_ZN", "7CondVar4WaitEPNS0_5MutexE");
  Reacquiring(mutex, [&] { library(this, mutex); });
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static const auto library = Library<bool(CondVar*, Mutex*, Duration)>(
      "_ZN", "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  return Reacquiring(mutex, [&] { return library(this, mutex, timeout); });
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static const auto library = Library<bool(CondVar*, Mutex*, Time)>(
      "_ZN", "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  return Reacquiring(mutex, [&] { return library(this, mutex, deadline); });
}

void Notification::Notify() {
  static const auto library = Library<void(Notification*)>("_ZN", "12Notification6NotifyEv");
  __tsan_release(this);
  library(this);
}

void Notification::WaitForNotification() const {
  static const auto library =
      Library<void(const Notification*)>("_ZNK", "12Notification19WaitForNotificationEv");
  library(this);
  __tsan_acquire(const_cast<Notification*>(this));
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  static const auto library = Library<bool(const Notification*, Duration)>(
      "_ZNK", "12Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
  const bool notified = library(this, timeout);
  if (notified) __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}

ABSL_NAMESPACE_END
}  // namespace absl
