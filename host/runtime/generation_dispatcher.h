// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/call/endpoint.h"
#include "host/call/loop.h"
#include "host/call/transport.h"
#include "host/grpc/grpc_stream.h"
#include "host/http/http_settings.h"

namespace boost::asio {
class io_context;
}

namespace meshhost {

// Decides which protocol runs on a new stream: gRPC by content type, WebSocket by its handshake,
// REST otherwise. One per worker; worker thread only.
class GenerationDispatcher final : public Dispatcher {
 public:
  // `io`: the loop's own.
  GenerationDispatcher(Loop& loop, boost::asio::io_context& io, const HttpSettings& http,
                       const GrpcSettings& grpc)
      : loop_(loop), io_(io), http_(http), grpc_(grpc) {}

  // `current` serves new calls from now on; `refusing` those of protocols that a listener does not
  // serve. Both are used until the next Publish.
  void Publish(const Directory& current, const Directory& refusing) {
    current_ = &current;
    refusing_ = &refusing;
  }

  StreamSink* Open(Transport& transport, Arena* arena, const RequestHead& head,
                   const PeerRef& peer) override;

 private:
  Loop& loop_;
  boost::asio::io_context& io_;
  const HttpSettings& http_;
  const GrpcSettings& grpc_;
  const Directory* current_ = nullptr;
  const Directory* refusing_ = nullptr;
};

}  // namespace meshhost
