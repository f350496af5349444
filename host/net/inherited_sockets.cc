// SPDX-License-Identifier: Apache-2.0
#include "host/net/inherited_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "host/base/concat.h"
#include "host/net/socket_address.h"

namespace meshhost {
namespace {

// Empty: it is a stream socket that listens.
std::string WhatIsWrongWith(int fd) {
  const auto is = [fd](int type, int listening) {
    return sd_is_socket(fd, AF_UNSPEC, type, listening) > 0;
  };
  if (is(SOCK_STREAM, 1)) return "";
  if (is(SOCK_STREAM, 0)) return "a stream socket that does not listen (Accept=no is missing?)";
  if (is(SOCK_DGRAM, -1)) return "a datagram socket";
  if (is(SOCK_SEQPACKET, -1)) return "a sequential-packet socket";
  return is(0, -1) ? "a socket of another type" : "no socket";
}

// An address with port 0 leaves the port to whoever bound the socket: then the name must fit, too.
bool Fits(const ListenerConfig& listener, const std::string& name, int fd) {
  if (!WhatIsWrongWith(fd).empty()) return false;
  BindAddress bound = BoundAddress(fd);
  if (listener.address.IsUnix() || listener.address.port != 0) return bound == listener.address;
  bound.port = 0;
  return name == listener.name && bound == listener.address;
}

absl::Status Refusal(const ListenerConfig& listener, std::string_view expected,
                     std::string_view got) {
  return absl::FailedPreconditionError(
      Concat({"listener \"", listener.name, "\": ", listener.address.ToString(), ": expected ",
              expected, ", got ", got}));
}

bool SetNonBlocking(int fd) { return ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) == 0; }

}  // namespace

absl::StatusOr<InheritedSockets> InheritedSockets::FromEnvironment() {
  InheritedSockets inherited;
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(/*unset_environment=*/1, &names);
  if (count < 0) {
    return absl::InvalidArgumentError(
        Concat({"cannot take the sockets that LISTEN_FDS announces: ", std::strerror(-count)}));
  }
  for (int i = 0; i < count; ++i) {
    inherited.Add({names[i], UniqueFd(SD_LISTEN_FDS_START + i)});
    std::free(names[i]);
  }
  std::free(names);
  return inherited;
}

absl::StatusOr<InheritedSockets::Opened> InheritedSockets::Open(const ListenerConfig& listener) {
  if (listener.address.family == BindAddress::Family::kSystemd) return OpenByName(listener);
  Opened opened;
  for (InheritedSocket& socket : sockets_) {
    if (!Fits(listener, socket.name, socket.fd.get())) continue;
    SetNonBlocking(socket.fd.get());
    opened.sockets.push_back(std::move(socket.fd));
    opened.with_file |= socket.from == InheritedSocket::From::kPredecessorWithFile;
  }
  std::erase_if(sockets_, [](const InheritedSocket& socket) { return !socket.fd.valid(); });
  return opened;
}

absl::StatusOr<InheritedSockets::Opened> InheritedSockets::OpenByName(
    const ListenerConfig& listener) {
  Opened opened;
  for (InheritedSocket& socket : sockets_) {
    if (socket.from != InheritedSocket::From::kServiceManager) continue;
    if (socket.name != listener.address.name) continue;
    if (const std::string wrong = WhatIsWrongWith(socket.fd.get()); !wrong.empty()) {
      return Refusal(listener, "a listening stream socket", wrong);
    }
    const UniqueFd& copy =
        opened.sockets.emplace_back(::fcntl(socket.fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy.valid() || !SetNonBlocking(copy.get())) {
      return Refusal(listener, "a duplicate of the socket", std::strerror(errno));
    }
    socket.used = true;
  }
  if (!opened.sockets.empty()) return opened;
  const std::string names = Names();
  return Refusal(listener, "a socket of that name from the service manager (FileDescriptorName=)",
                 names.empty() ? "no sockets at all" : names);
}

std::string InheritedSockets::Names() const {
  std::string names;
  for (const InheritedSocket& socket : sockets_) {
    if (socket.from != InheritedSocket::From::kServiceManager) continue;
    names += Concat({names.empty() ? "" : ", ", "\"", socket.name, "\""});
  }
  return names;
}

std::vector<std::string> InheritedSockets::Unused() const {
  std::vector<std::string> names;
  for (const InheritedSocket& socket : sockets_) {
    if (!socket.used) names.push_back(socket.name);
  }
  return names;
}

std::vector<InheritedSocket> InheritedSockets::TakeUnusedOfPredecessor() {
  std::vector<InheritedSocket> unused;
  for (InheritedSocket& socket : sockets_) {
    if (socket.from != InheritedSocket::From::kServiceManager) unused.push_back(std::move(socket));
  }
  std::erase_if(sockets_, [](const InheritedSocket& socket) { return !socket.fd.valid(); });
  return unused;
}

std::vector<InheritedSocket> InheritedSockets::Passed() const {
  std::vector<InheritedSocket> passed;
  for (const InheritedSocket& socket : sockets_) {
    passed.push_back({socket.name, UniqueFd(::fcntl(socket.fd.get(), F_DUPFD_CLOEXEC, 0))});
  }
  return passed;
}

}  // namespace meshhost
