// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/call/endpoint.h"
#include "host/call/loop.h"
#include "host/call/transport.h"
#include "host/http/http_settings.h"
#include "host/http/websocket_handshake.h"

namespace boost::asio {
class io_context;
}

namespace meshhost {

// Serves one WebSocket (RFC 6455 with permessage-deflate; RFC 8441 over HTTP/2): the codec between
// a stream whose head asks for it and an Exchange. A handshake that is refused, by the chain or for
// what it says, is answered as ordinary HTTP; a path without a WebSocket is served as REST. `io` is
// the loop's own. Takes over the arena; the sink destroys itself when stream and call are both
// over. Worker thread only.
StreamSink* OpenWebSocketStream(Loop& loop, boost::asio::io_context& io, const Directory& directory,
                                const HttpSettings& settings, Transport& transport, Arena* arena,
                                const RequestHead& head, const PeerRef& peer);

}  // namespace meshhost
