// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"
#include "host/config/config.h"
#include "host/net/inherited_sockets.h"

namespace meshhost {

// Removes a socket file when it goes: a file that nobody listens on is litter.
class SocketFile final {
 public:
  SocketFile() = default;
  explicit SocketFile(std::string path) : path_(std::move(path)) {}
  SocketFile(SocketFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SocketFile& operator=(SocketFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~SocketFile();

 private:
  std::string path_;  // empty: none
};

// The bound sockets of one listener: one per worker (SO_REUSEPORT) so that the kernel spreads
// connections, or one socket shared by all for unix sockets and reuse_port = false. Inherited ones
// are as many as there are, duplicated up to the number of workers. Movable value.
//
// The kernel looks at every worker that shares a socket for each connection, and one returns from
// its wait. EPOLLEXCLUSIVE would change nothing: it counts who waits in the epoll that holds the
// socket, and ours is itself polled by the worker's loop (measured with eight workers: eight
// context switches a connection, with and without).
struct ListeningSockets {
  // At least one for each worker; the i-th belongs to worker i modulo their number.
  std::vector<UniqueFd> per_worker;
  BindAddress bound;  // with the port that the kernel picked; of the first, when inherited
  SocketFile file;    // unix only
};

// Takes the sockets that were inherited for this listener, or binds and listens. An address that
// anybody else listens on is an error, SO_REUSEPORT or not. The error names listener and address.
absl::StatusOr<ListeningSockets> Listen(const ListenerConfig& config, uint32_t workers,
                                        uint32_t backlog, InheritedSockets& inherited);

}  // namespace meshhost
