// SPDX-License-Identifier: Apache-2.0
//
// ServiceThread: hears signals and feeds the watchdog on a thread of its own. The control thread
// enters modules, which may keep it for as long as they like; whoever asks the process to stop must
// not have to wait for that, and a service manager must not take it for dead.
//
// Dropped: a thread for the reload itself. All that a reload touches belongs to the control thread,
// and would have had to be guarded against it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "host/base/unique_fd.h"
#include "host/runtime/process_signals.h"
#include "host/runtime/watchdog.h"

namespace meshhost {

// Owned by the control thread.
class ServiceThread final {
 public:
  // `on_signal` is called on this thread with each signal that `signals`, from
  // ProcessSignals::Block, has. The host of `watchdog` outlives it.
  ServiceThread(UniqueFd signals, std::function<void(int number)> on_signal, Watchdog watchdog);
  ~ServiceThread();  // Stop
  ServiceThread(const ServiceThread&) = delete;
  ServiceThread& operator=(const ServiceThread&) = delete;

  void Start();
  // How often it looks, and what it looks at should show itself.
  std::chrono::nanoseconds period() const { return watchdog_.period(); }
  // Of the service manager; 0: it asks for nothing.
  std::chrono::nanoseconds watchdog_timeout() const { return watchdog_.timeout(); }
  // From now on signals wait, and nobody feeds the watchdog.
  void Stop();

 private:
  void Tick();

  boost::asio::io_context loop_{1};
  const ProcessSignals signals_;
  Watchdog watchdog_;
  boost::asio::steady_timer tick_;
  std::thread thread_;
};

}  // namespace meshhost
