// SPDX-License-Identifier: Apache-2.0
//
// ProcessSignals: what an operator tells the process by kill(1), read on the control loop through a
// descriptor (signalfd(2)). No handler runs, so no thread is interrupted, least of all one that is
// in the code of a module.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <initializer_list>

#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"

namespace meshhost {

// Control thread, on whose loop it waits.
class ProcessSignals final {
 public:
  // Blocks `signals` in this thread and in all that it starts from now on, so it comes before the
  // first of them. The descriptor keeps what is sent until it is read; a signal that is sent twice
  // before that counts once (signal(7)).
  static absl::StatusOr<UniqueFd> Block(std::initializer_list<int> signals);

  // Calls `on_signal` with the number of each signal that `fd`, from Block, has.
  ProcessSignals(boost::asio::io_context& control, UniqueFd fd,
                 std::function<void(int number)> on_signal);

 private:
  void Await();
  void Read();

  boost::asio::posix::stream_descriptor descriptor_;
  const std::function<void(int number)> on_signal_;
};

}  // namespace meshhost
