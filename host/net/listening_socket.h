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

// Removes a socket file when it goes, if it is its own: a file that nobody listens on is litter.
class SocketFile final {
 public:
  enum class Owner { kThisProcess, kAnother };

  SocketFile() = default;
  explicit SocketFile(std::string path, Owner owner = Owner::kThisProcess)
      : path_(std::move(path)), owner_(owner) {}
  SocketFile(SocketFile&& other) noexcept
      : path_(std::exchange(other.path_, {})), owner_(other.owner_) {}
  SocketFile& operator=(SocketFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~SocketFile();

  bool empty() const { return path_.empty(); }
  void SetOwner(Owner owner) { owner_ = owner; }

 private:
  std::string path_;  // empty: none
  Owner owner_ = Owner::kThisProcess;
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
  SocketFile file;    // unix only; the predecessor's as long as that may serve on
};

// Takes the sockets that were inherited for this listener, or binds and listens. An address that
// anybody else listens on is an error, SO_REUSEPORT or not. The error names listener and address.
absl::StatusOr<ListeningSockets> Listen(const ListenerConfig& config, uint32_t workers,
                                        uint32_t backlog, InheritedSockets& inherited);

}  // namespace meshhost
