// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/service_thread.h"

#include <pthread.h>

#include <utility>

namespace meshhost {

ServiceThread::ServiceThread(UniqueFd signals, std::function<void(int number)> on_signal,
                             Watchdog watchdog)
    : signals_(loop_, std::move(signals), std::move(on_signal)),
      watchdog_(std::move(watchdog)),
      tick_(loop_) {}

ServiceThread::~ServiceThread() { Stop(); }

void ServiceThread::Start() {
  thread_ = std::thread([this] {
    Tick();
    loop_.run();
  });
  pthread_setname_np(thread_.native_handle(), "service");
}

void ServiceThread::Stop() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

void ServiceThread::Tick() {
  watchdog_.Tick();
  tick_.expires_after(watchdog_.period());
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

}  // namespace meshhost
