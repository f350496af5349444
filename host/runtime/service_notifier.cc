// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/service_notifier.h"

#include <systemd/sd-daemon.h>

#include <algorithm>

#include "host/base/clock.h"
#include "host/base/concat.h"

namespace meshhost {
namespace {

std::string Microseconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

}  // namespace

std::string StatusLine(std::string_view status) {
  std::string line = Concat({"STATUS=", status});
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

void ServiceNotifier::Send(const std::string& message) const {
  const absl::MutexLock lock(&mutex_);
  if (is_main_) sd_notify(/*unset_environment=*/0, message.c_str());
}

void ServiceNotifier::HandOver(pid_t pid) {
  const std::string message =
      Concat({"MAINPID=", std::to_string(pid), "\nSTATUS=replaced by a new process"});
  const absl::MutexLock lock(&mutex_);
  if (is_main_) sd_notify(/*unset_environment=*/0, message.c_str());
  is_main_ = false;
}

void ServiceNotifier::BecomeMain() {
  const absl::MutexLock lock(&mutex_);
  is_main_ = true;
}

void ServiceNotifier::Ready(std::string_view status) const {
  Send(Concat({"READY=1\n", StatusLine(status)}));
}

void ServiceNotifier::Reloading() const {
  Send(Concat({"RELOADING=1\nMONOTONIC_USEC=",
               Microseconds(std::chrono::nanoseconds(MonotonicNs())), "\nSTATUS=reloading"}));
}

void ServiceNotifier::Stopping(std::chrono::nanoseconds needs) const {
  Send(Concat({"STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=", Microseconds(needs)}));
}

void ServiceNotifier::Status(std::string_view status) const { Send(StatusLine(status)); }

void ServiceNotifier::NeedsTime(std::chrono::nanoseconds needs) const {
  Send(Concat({"EXTEND_TIMEOUT_USEC=", Microseconds(needs)}));
}

void ServiceNotifier::Alive() const { Send("WATCHDOG=1"); }

}  // namespace meshhost
