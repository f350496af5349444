// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/generation_dispatcher.h"

#include "host/http/rest_stream.h"
#include "host/http/websocket_stream.h"

namespace meshhost {
namespace {

bool IsGrpc(const RequestHead& head) {
  return head.version == HttpVersion::kHttp2 && IsGrpcContentType(head.content_type);
}

// RFC 6455 section 4.1, RFC 8441 section 4. A handshake that asks for WebSocket but is malformed is
// refused by the WebSocket stream.
bool IsWebSocket(const RequestHead& head) {
  if (head.version == HttpVersion::kHttp2) return head.connect_protocol == "websocket";
  const Header* upgrade = head.Find("upgrade");
  return upgrade != nullptr && IsWebSocketUpgrade(upgrade->value);
}

}  // namespace

StreamSink* GenerationDispatcher::Open(Transport& transport, Arena* arena, const RequestHead& head,
                                       const PeerRef& peer) {
  if (IsGrpc(head)) {
    const Directory& directory = peer->serves_grpc ? *current_ : *refusing_;
    return OpenGrpcStream(loop_, directory, grpc_, transport, arena, head, peer);
  }
  if (IsWebSocket(head)) {
    const Directory& directory = peer->serves_websocket ? *current_ : *refusing_;
    return OpenWebSocketStream(loop_, io_, directory, http_, transport, arena, head, peer);
  }
  const bool served = head.version == HttpVersion::kHttp2 ? peer->serves_http2 : peer->serves_http1;
  const Directory& directory = served ? *current_ : *refusing_;
  return OpenRestStream(loop_, directory, http_, transport, arena, head, peer);
}

}  // namespace meshhost
