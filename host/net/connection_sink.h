// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/config/config.h"
#include "host/net/channel.h"

namespace meshhost {

// Receives connections once they are ready for their protocol: accepted, and with TLS handshaken.
// One per worker. Worker thread only.
class ConnectionSink {
 public:
  virtual ~ConnectionSink() = default;
  virtual void OnConnection(ChannelRef channel, const ProtocolSet& protocols) = 0;
};

}  // namespace meshhost
