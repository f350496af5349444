// SPDX-License-Identifier: Apache-2.0
#include "host/net/listening_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/net/socket_address.h"

namespace meshhost {
namespace {

absl::Status SocketError(std::string_view what, const ListenerConfig& config) {
  return absl::UnavailableError(Concat({"listener \"", config.name, "\": cannot ", what, " ",
                                        config.address.ToString(), ": ", std::strerror(errno)}));
}

void SetOption(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

absl::StatusOr<UniqueFd> OpenAndBind(const ListenerConfig& config, const BindAddress& address,
                                     bool reuse_port) {
  const SocketAddress to = ToSocketAddress(address);
  UniqueFd fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return SocketError("open a socket for", config);
  if (!address.IsUnix()) SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family == BindAddress::Family::kIpv6) {
    SetOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  if (reuse_port) SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(fd.get(), to.get(), to.length) != 0) return SocketError("bind", config);
  return fd;
}

// A socket file that nobody listens on any more is left over from a crash: replaced. One that
// answers belongs to a living server.
absl::Status RemoveStaleSocket(const ListenerConfig& config) {
  struct stat info;
  const char* path = config.address.path.c_str();
  if (::lstat(path, &info) != 0) return absl::OkStatus();
  if (!S_ISSOCK(info.st_mode)) {
    errno = EEXIST;
    return SocketError("bind", config);
  }
  const SocketAddress to = ToSocketAddress(config.address);
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), to.get(), to.length) == 0) {
    errno = EADDRINUSE;
    return SocketError("bind", config);
  }
  ::unlink(path);
  return absl::OkStatus();
}

absl::Status StartListening(int fd, const ListenerConfig& config, uint32_t backlog) {
  if (::listen(fd, static_cast<int>(backlog)) != 0) return SocketError("listen on", config);
  return absl::OkStatus();
}

// Duplicates sockets until there is one for each worker. All duplicates share one queue.
absl::Status ShareAmong(uint32_t workers, const ListenerConfig& config,
                        std::vector<UniqueFd>& sockets) {
  const size_t distinct = sockets.size();
  for (size_t i = distinct; i < workers; ++i) {
    sockets.emplace_back(::fcntl(sockets[i % distinct].get(), F_DUPFD_CLOEXEC, 0));
    if (!sockets.back().valid()) return SocketError("duplicate the socket of", config);
  }
  return absl::OkStatus();
}

absl::StatusOr<ListeningSockets> ListenShared(const ListenerConfig& config, uint32_t workers,
                                              uint32_t backlog) {
  ListeningSockets sockets;
  sockets.bound = config.address;
  if (config.address.IsUnix()) RETURN_IF_ERROR(RemoveStaleSocket(config));
  ASSIGN_OR_RETURN(UniqueFd fd, OpenAndBind(config, config.address, false));
  if (config.address.IsUnix()) {
    sockets.file = SocketFile(config.address.path);
    if (::chmod(config.address.path.c_str(), config.unix_mode) != 0) {
      return SocketError("set the mode of", config);
    }
  } else {
    sockets.bound.port = BoundAddress(fd.get()).port;
  }
  RETURN_IF_ERROR(StartListening(fd.get(), config, backlog));
  sockets.per_worker.push_back(std::move(fd));
  RETURN_IF_ERROR(ShareAmong(workers, config, sockets.per_worker));
  return sockets;
}

// Bound, with its mode and its backlog, by somebody else; a socket file is not ours to remove, or
// not yet.
absl::StatusOr<ListeningSockets> Adopt(const ListenerConfig& config, uint32_t workers,
                                       InheritedSockets::Opened inherited) {
  ListeningSockets sockets;
  sockets.per_worker = std::move(inherited.sockets);
  sockets.bound = BoundAddress(sockets.per_worker.front().get());
  if (inherited.with_file) {
    sockets.file = SocketFile(sockets.bound.path, SocketFile::Owner::kAnother);
  }
  RETURN_IF_ERROR(ShareAmong(workers, config, sockets.per_worker));
  return sockets;
}

}  // namespace

SocketFile::~SocketFile() {
  if (!path_.empty() && owner_ == Owner::kThisProcess) ::unlink(path_.c_str());
}

absl::StatusOr<ListeningSockets> Listen(const ListenerConfig& config, uint32_t workers,
                                        uint32_t backlog, InheritedSockets& inherited) {
  ASSIGN_OR_RETURN(InheritedSockets::Opened open, inherited.Open(config));
  if (!open.sockets.empty()) return Adopt(config, workers, std::move(open));
  if (config.address.IsUnix() || !config.reuse_port) return ListenShared(config, workers, backlog);
  ListeningSockets sockets;
  sockets.bound = config.address;
  if (config.address.port != 0) {
    // SO_REUSEPORT would let us join another process of the same user on its port, unseen. A bind
    // without it tells.
    ASSIGN_OR_RETURN(const UniqueFd probe, OpenAndBind(config, config.address, false));
  }
  for (uint32_t i = 0; i < workers; ++i) {
    ASSIGN_OR_RETURN(UniqueFd fd, OpenAndBind(config, sockets.bound, true));
    if (sockets.bound.port == 0) sockets.bound.port = BoundAddress(fd.get()).port;
    sockets.per_worker.push_back(std::move(fd));
  }
  for (const UniqueFd& fd : sockets.per_worker) {
    RETURN_IF_ERROR(StartListening(fd.get(), config, backlog));
  }
  return sockets;
}

}  // namespace meshhost
