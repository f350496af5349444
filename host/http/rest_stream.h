// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/call/endpoint.h"
#include "host/call/loop.h"
#include "host/call/transport.h"
#include "host/http/http_settings.h"

namespace meshhost {

// Serves one REST request: the codec between a stream of HTTP/1.1 or HTTP/2 and an Exchange. Looks
// up the route, gathers the body or hands it on in pieces, and turns what the handler says, or the
// refusal of the host, into a response. Takes over the arena; the sink destroys itself when stream
// and call are both over. Worker thread only.
StreamSink* OpenRestStream(Loop& loop, const Directory& directory, const HttpSettings& settings,
                           Transport& transport, Arena* arena, const RequestHead& head,
                           const PeerRef& peer);

}  // namespace meshhost
