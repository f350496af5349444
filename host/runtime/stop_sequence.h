// SPDX-License-Identifier: Apache-2.0
//
// StopSequence: how a host goes away without failing a request.
//
//   stop asked -> readiness off -> drain.delay (load balancers look away) -> no new connections,
//   sessions and modules told -> until all is done or drain.timeout -> calls ended -> shutdown
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

 private:
  void OnDelayOver();
  void Poll();
  void Finish();

  boost::asio::io_context& control_;
  Host& host_;
  boost::asio::steady_timer timer_;
  uint64_t deadline_ns_ = 0;
  bool aborted_ = false;
};

}  // namespace meshhost
