// SPDX-License-Identifier: Apache-2.0
#include "host/module/signal_guard.h"

namespace meshhost {
namespace {

bool SameHandler(const struct sigaction& a, const struct sigaction& b) {
  // The handler's two spellings share memory.
  return a.sa_sigaction == b.sa_sigaction && a.sa_flags == b.sa_flags;
}

}  // namespace

SignalGuard::SignalGuard() {
  for (int i = 1; i < kSignals; ++i) ::sigaction(i, nullptr, &before_[static_cast<size_t>(i)]);
}

bool SignalGuard::Restore() {
  bool changed = false;
  for (int i = 1; i < kSignals; ++i) {
    const struct sigaction& before = before_[static_cast<size_t>(i)];
    struct sigaction now;
    if (::sigaction(i, nullptr, &now) != 0 || SameHandler(before, now)) continue;
    ::sigaction(i, &before, nullptr);
    changed = true;
  }
  return changed;
}

}  // namespace meshhost
