// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/process_signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "host/base/concat.h"

namespace meshhost {

absl::StatusOr<UniqueFd> ProcessSignals::Block(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  UniqueFd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (fd.valid()) return fd;
  return absl::UnavailableError(Concat({"cannot read signals: signalfd: ", std::strerror(errno)}));
}

ProcessSignals::ProcessSignals(boost::asio::io_context& control, UniqueFd fd,
                               std::function<void(int number)> on_signal)
    : descriptor_(control, fd.release()), on_signal_(std::move(on_signal)) {
  Await();
}

void ProcessSignals::Await() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this](const boost::system::error_code& error) {
                           if (error) return;
                           Read();
                           Await();
                         });
}

void ProcessSignals::Read() {
  signalfd_siginfo signal{};
  while (::read(descriptor_.native_handle(), &signal, sizeof signal) == sizeof signal) {
    on_signal_(static_cast<int>(signal.ssi_signo));
  }
}

}  // namespace meshhost
