// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "host/net/channel.h"

namespace meshhost {

class Worker;

// What a listener serves; the part of the configuration that sessions need.
struct ListenerProtocols {
  bool http1 = true;
  bool http2 = true;
  bool grpc = true;
  bool websocket = true;
};

// Receives connections once they are ready for their protocol: accepted, and with TLS handshaken.
// One per worker. Worker thread only.
class ConnectionSink {
 public:
  virtual ~ConnectionSink() = default;
  virtual void OnConnection(ChannelRef channel, const ListenerProtocols& protocols) = 0;
};

}  // namespace meshhost
