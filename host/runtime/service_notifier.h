// SPDX-License-Identifier: Apache-2.0
//
// ServiceNotifier: tells the service manager how far the host is, in the words of sd_notify(3).
//
//   (starting) --Ready--> serving --Stopping--> (draining, ends)
//                         |     ^
//                 Reloading     Ready
//                         v     |
//                        reloading
//
// Without NOTIFY_SOCKET, thus without a service manager, all of it does nothing. Nor does it in a
// process that is not the main one (any more): the service manager would complain.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace meshhost {

// The environment says where messages go. Any thread. Nothing fails toward the
// caller: whether the service manager listens is its own affair. A message waits only while the
// kernel's queue of the service manager is full.
class ServiceNotifier final {
 public:
  enum class Process { kMain, kSuccessor };
  explicit ServiceNotifier(Process process = Process::kMain)
      : is_main_(process == Process::kMain) {}

  // `pid` is the main process from now on: only the one before may say so (NotifyAccess=main).
  void HandOver(pid_t pid);
  void BecomeMain();

  // Also after Reloading, whether the reload was taken or refused.
  void Ready(std::string_view status) const;
  // Type=notify-reload wants to know since when: MONOTONIC_USEC. Type=notify takes it, too.
  void Reloading() const;
  // `needs`: how long the end may take; TimeoutStopSec= does not end it earlier.
  void Stopping(std::chrono::nanoseconds needs) const;
  // One line that `systemctl status` shows.
  void Status(std::string_view status) const;
  // From now, however long TimeoutStartSec= and TimeoutStopSec= are.
  void NeedsTime(std::chrono::nanoseconds needs) const;
  // Every thread that matters has shown that it runs; see Watchdog.
  void Alive() const;

 private:
  void Send(const std::string& message) const;

  // Held while a message leaves: none is behind the one that names another process.
  mutable absl::Mutex mutex_;
  bool is_main_ ABSL_GUARDED_BY(mutex_);
};

// What one message says as STATUS=: line ends become spaces, so that text from elsewhere cannot add
// assignments of its own.
std::string StatusLine(std::string_view status);

}  // namespace meshhost
