// SPDX-License-Identifier: Apache-2.0
//
// Acceptor: the accepting half of one listener on one worker. What it must survive: a flood of
// connections, running out of descriptors (the connection is shed, the listener goes on), peers
// that never finish their TLS handshake.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "host/base/unique_fd.h"
#include "host/config/config.h"
#include "host/net/admission.h"
#include "host/net/connection_sink.h"
#include "host/net/tls_context.h"
#include "host/net/worker.h"

namespace meshhost {

// What all acceptors of a listener share. Immutable.
struct AcceptorSettings {
  uint64_t id = 0;  // of the listener in this process; a new address is a new listener
  std::string listener;
  ProtocolSet protocols;
  std::shared_ptr<const TlsContext> tls;  // null: plaintext
  uint64_t handshake_timeout_ns = 0;
  std::shared_ptr<Admission> host_admission;
  std::shared_ptr<Admission> listener_admission;
  // Called on the worker for each failed handshake, with the peer's address and OpenSSL's words.
  std::function<void(const std::string& listener, const std::string& peer, HandshakeFailure failure,
                     const std::string& detail)>
      on_handshake_failure;
};

// Owned by the runtime; constructed and destroyed on the worker, or while the worker does not run.
// Connections that it accepted live on without it.
class Acceptor final {
 public:
  Acceptor(Worker& worker, ConnectionSink& sink, UniqueFd socket,
           std::shared_ptr<const AcceptorSettings> settings);
  ~Acceptor();

  void Start();
  // For connections from now on. Worker thread.
  void SetSettings(std::shared_ptr<const AcceptorSettings> settings);
  // Serves the connections that wait and closes the listening socket; handshakes in progress go on.
  // Worker thread.
  void Stop();
  // The same, but what waits is left to another process that has the socket, too.
  void Leave();
  // Of the listening socket, for another process; invalid when it is closed or no descriptor is
  // left. Worker thread.
  UniqueFd Duplicate() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace meshhost
