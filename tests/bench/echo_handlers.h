// SPDX-License-Identifier: Apache-2.0
//
// What plugins/echo does, as handlers of the host's own: the other side of the ABI benches. The
// behaviour is that of the module line by line (credits of 16 given back in halves, messages kept
// only while the peer does not read), so that the difference of the two is the ABI and nothing
// else.

#pragma once

#include "host/call/handler.h"

namespace meshhost::bench {

// Each of these has no state of its own: any worker, lives as long as its generation.

// echo.v1.Echo/Unary: the answer is the request.
class UnaryEcho final : public Handler {
 public:
  void OnCall(Exchange& exchange, const Message* first) override;
};

// echo.v1.Echo/Bidi: each message as it comes.
class BidiEcho final : public Handler {
 public:
  void OnCall(Exchange& exchange, const Message* first) override;
};

// GET /echo: 13 fixed bytes.
class GetEcho final : public Handler {
 public:
  void OnCall(Exchange& exchange, const Message* first) override;
};

}  // namespace meshhost::bench
