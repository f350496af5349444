// SPDX-License-Identifier: Apache-2.0
//
// What is said between a running process and the one that replaces it, over a pair of
// SOCK_SEQPACKET sockets that nobody else has:
//
//   old: meshhost-handoff/1, then a line for each socket that travels along (several times)
//   old: end ADMIN-ADDRESS
//                                     new: ready          or    new: failed WHY
//   old: released
//                                     new closes its end: it has taken over
//
// All that the old one says first lies in the pair before the new one is started, so neither waits
// for the other. One that ends before "released", however it does, has changed nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/config/bind_address.h"
#include "host/net/inherited_sockets.h"

namespace meshhost {

inline constexpr std::string_view kHandoffReady = "ready";
inline constexpr std::string_view kHandoffFailed = "failed ";
inline constexpr std::string_view kHandoffReleased = "released";

// What a process hands over. Movable value.
struct SocketHandoff {
  std::vector<InheritedSocket> sockets;
  BindAddress admin;  // where its admin server listens, which is not handed over
};

// Control thread. The receiver must not have closed its end; nothing is read meanwhile, so all of
// it must fit into the socket's buffer: some ten thousand descriptors do.
absl::Status SendHandoff(int socket, const SocketHandoff& handoff);
// An error: what came is of another version, or no handoff.
absl::StatusOr<SocketHandoff> ReceiveHandoff(int socket);

}  // namespace meshhost
