// SPDX-License-Identifier: Apache-2.0
//
// StopSequence: how a host goes away without failing a request.
//
//   stop asked -> readiness off -> drain.delay (load balancers look away) -> no new connections,
//   sessions and modules told -> until all is done or drain.timeout -> calls ended -> shutdown
//
// Of one that is replaced (binary_upgrade.h), nobody needs to look away, and its peers find the new
// process where they found this one:
//
//   replaced -> listeners left to the new process, HTTP/2 told to go, HTTP/1 with its next response
//   -> until all is done or reload.stream_grace -> sessions and modules told, as above
//
// A second signal ends the process at once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/runtime/host.h"

namespace meshhost {

// Control thread.
class StopSequence final {
 public:
  StopSequence(boost::asio::io_context& control, Host& host)
      : control_(control), host_(host), timer_(control) {}

  // Ends the control loop when the host is drained.
  void Begin();
  // The same when another process serves already.
  void BeginReplaced();

 private:
  void OnDelayOver();
  void OnLeft();
  void PollReplaced();
  void Drain();
  void After(std::chrono::nanoseconds delay, void (StopSequence::*next)());
  void Poll();
  void Finish();

  boost::asio::io_context& control_;
  Host& host_;
  boost::asio::steady_timer timer_;
  uint64_t deadline_ns_ = 0;
  uint64_t admin_until_ns_ = 0;
  bool aborted_ = false;
};

}  // namespace meshhost
