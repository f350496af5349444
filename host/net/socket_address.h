// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include "host/config/bind_address.h"

namespace meshhost {

// A BindAddress as the kernel has it. Plain value.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Not for Family::kSystemd, which names no address.
SocketAddress ToSocketAddress(const BindAddress& address);

// Where a socket is bound; the wildcard 0.0.0.0:0 when the kernel does not say.
BindAddress BoundAddress(int fd);

}  // namespace meshhost
