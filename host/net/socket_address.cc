// SPDX-License-Identifier: Apache-2.0
#include "host/net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace meshhost {
namespace {

using Family = BindAddress::Family;

BindAddress FromUnix(const sockaddr_un& from, socklen_t length) {
  const size_t bytes = length - offsetof(sockaddr_un, sun_path);
  std::string path(from.sun_path, bytes);
  // Abstract sockets begin with NUL, which people write as "@".
  if (!path.empty() && path.front() == '\0') {
    path.front() = '@';
  } else {
    path.resize(::strnlen(path.data(), path.size()));
  }
  return {Family::kUnix, "", 0, std::move(path)};
}

}  // namespace

SocketAddress ToSocketAddress(const BindAddress& address) {
  SocketAddress result;
  if (address.IsUnix()) {
    auto* to = reinterpret_cast<sockaddr_un*>(&result.storage);
    to->sun_family = AF_UNIX;
    std::memcpy(to->sun_path, address.path.c_str(), address.path.size() + 1);
    result.length = sizeof(sockaddr_un);
  } else if (address.family == Family::kIpv6) {
    auto* to = reinterpret_cast<sockaddr_in6*>(&result.storage);
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(address.port);
    inet_pton(AF_INET6, address.host.c_str(), &to->sin6_addr);
    result.length = sizeof(sockaddr_in6);
  } else {
    auto* to = reinterpret_cast<sockaddr_in*>(&result.storage);
    to->sin_family = AF_INET;
    to->sin_port = htons(address.port);
    inet_pton(AF_INET, address.host.c_str(), &to->sin_addr);
    result.length = sizeof(sockaddr_in);
  }
  return result;
}

BindAddress BoundAddress(int fd) {
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  char text[INET6_ADDRSTRLEN] = "";
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
    return {Family::kIpv4, "0.0.0.0", 0, ""};
  }
  if (bound.ss_family == AF_UNIX) {
    return FromUnix(reinterpret_cast<const sockaddr_un&>(bound), length);
  }
  if (bound.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(bound);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return {Family::kIpv6, text, ntohs(v6.sin6_port), ""};
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(bound);
  inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  return {Family::kIpv4, text, ntohs(v4.sin_port), ""};
}

}  // namespace meshhost
