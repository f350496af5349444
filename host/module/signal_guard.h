// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <array>

namespace meshhost {

// Remembers the process's signal handlers around a lifecycle call of a module, which must not
// change them. On the stack; control thread.
class SignalGuard final {
 public:
  SignalGuard();
  // Puts back what was changed since; true when something was.
  bool Restore();

 private:
  static constexpr int kSignals = 32;  // the classic ones; index = number
  std::array<struct sigaction, kSignals> before_;
};

}  // namespace meshhost
