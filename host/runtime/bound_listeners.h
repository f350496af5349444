// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/net/acceptor.h"
#include "host/net/inherited_sockets.h"
#include "host/net/listening_socket.h"
#include "host/net/tls_rehearsal.h"
#include "host/telemetry/log.h"

namespace meshhost {

// A listener of a generation: bound, and with its certificates read. Movable value.
struct BoundListener {
  uint64_t id = 0;  // of the listener in this process; kept as long as its address is
  std::shared_ptr<const AcceptorSettings> settings;
  BindAddress configured;
  BindAddress bound;                 // with the port that the kernel picked
  std::vector<UniqueFd> sockets;     // socket i for worker i modulo their number, until it accepts
  std::shared_ptr<SocketFile> file;  // unix only
  TlsRehearsal rehearsal;            // of certificates that are new; else empty
};

// What listeners share, and the numbers that they get. Owned by the Host; control thread.
struct ListenerEnvironment {
  std::shared_ptr<Admission> host_admission;
  uint32_t workers = 1;
  Log& log;  // outlives the acceptors: failed handshakes are written to it
  InheritedSockets inherited;
  uint64_t last_id = 0;
};

// The listeners of a configuration, in its order, with certificates but without sockets, except
// those that `running` (may be null) has at the same address. What is unchanged of them stays the
// same object. Errors carry the place in the configuration.
absl::StatusOr<std::vector<BoundListener>> ReadListeners(const Config& config,
                                                         const std::vector<BoundListener>* running,
                                                         ListenerEnvironment& environment);

// Binds those without an id, unless they inherit a socket: all of them, or none and the error of
// the first that failed.
absl::Status BindListeners(const Config& config, ListenerEnvironment& environment,
                           std::vector<BoundListener>& listeners);

// Puts the limits of a configuration, and the access rights of its unix sockets, into force.
void ApplyToListeners(const Config& config, const ListenerEnvironment& environment,
                      const std::vector<BoundListener>& listeners);

// The one of `listeners` with that id, or null.
const BoundListener* FindListener(const std::vector<BoundListener>& listeners, uint64_t id);

}  // namespace meshhost
