// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <sys/mman.h>

#include <cstddef>

namespace meshhost {

// A stack of its own for signal handlers on the thread that makes it, without which a thread that
// has overrun its stack dies without a word. Kept where there is one already (sanitizers bring
// theirs). On the stack of the thread's function; costs memory only once a signal comes.
class SignalStack final {
 public:
  SignalStack() {
    stack_t now;
    if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
    memory_ = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) return;
    stack_t own = {};
    own.ss_sp = memory_;
    own.ss_size = kBytes;
    ::sigaltstack(&own, nullptr);
  }
  ~SignalStack() {
    if (memory_ == MAP_FAILED) return;
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
    ::munmap(memory_, kBytes);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  // Registers of wide vectors take more than the traditional 8 KiB.
  static constexpr std::size_t kBytes = 64 * 1024;

  void* memory_ = MAP_FAILED;
};

}  // namespace meshhost
