// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "host/base/arena.h"
#include "host/call/outcome.h"
#include "host/call/request.h"

namespace meshhost {

// Does an Upgrade field ask for WebSocket?
bool IsWebSocketUpgrade(std::string_view upgrade);

// What a WebSocket handshake asks for (RFC 6455 section 4.2.1; RFC 8441 section 4 over HTTP/2), or
// why it is refused.
struct WebSocketHandshake {
  Reason refusal = Reason::kNone;
  std::string_view why;          // of a refusal
  bool other_version = false;    // refused because of Sec-WebSocket-Version
  std::string_view key;          // HTTP/1.1
  std::string_view subprotocol;  // the one agreed on; may be empty
  std::string_view extensions;   // as offered
};

// `subprotocols`: what the route speaks, in order of preference; empty = it does not care.
WebSocketHandshake ReadHandshake(const RequestHead& head, std::span<const std::string> subprotocols,
                                 Arena& arena);

}  // namespace meshhost
