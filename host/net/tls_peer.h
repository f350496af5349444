// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include "host/call/request.h"

namespace meshhost {

// Fills what the handshake proved about the peer: version, and with a client certificate subject,
// issuer, serial, SANs, SPIFFE id. On the worker of the connection.
void DescribePeer(SSL* ssl, Peer& peer);

}  // namespace meshhost
