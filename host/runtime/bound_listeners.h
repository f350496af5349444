// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/net/acceptor.h"
#include "host/net/listening_socket.h"
#include "host/telemetry/log.h"

namespace meshhost {

// A listener that is ready to accept: bound, and with its certificates read. Movable value.
struct BoundListener {
  std::shared_ptr<const AcceptorSettings> settings;
  ListeningSockets sockets;
};

// The TLS contexts of all listeners, rehearsed, in their order; null for plaintext. Errors carry
// the place in the configuration.
absl::StatusOr<std::vector<std::shared_ptr<const TlsContext>>> ReadCertificates(
    const Config& config);

// Binds every listener, or none and the error of the first that failed. `log` outlives the
// acceptors: failed handshakes are written to it.
absl::StatusOr<std::vector<BoundListener>> BindListeners(
    const Config& config, const std::vector<std::shared_ptr<const TlsContext>>& certificates,
    uint32_t workers, Log& log);

}  // namespace meshhost
