// SPDX-License-Identifier: Apache-2.0
#include "host/config/bind_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace meshhost {
namespace {

constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;

absl::StatusOr<BindAddress> ParseUnix(std::string_view path) {
  if (path.empty()) return absl::InvalidArgumentError("the path after unix: is empty");
  if (path.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("the path after unix: contains a NUL byte");
  }
  return BindAddress{BindAddress::Family::kUnix, "", 0, std::string(path)};
}

absl::StatusOr<std::uint16_t> ParsePort(std::string_view text) {
  std::uint32_t port = 0;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (!digits || !absl::SimpleAtoi(text, &port) || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("port \"", text, "\" is not 0 .. 65535"));
  }
  return static_cast<std::uint16_t>(port);
}

// The canonical spelling, so that equal addresses compare equal.
template <class Binary, std::size_t kSize>
absl::StatusOr<std::string> Canonical(int family, std::string_view host, const char* what) {
  Binary binary{};
  char text[kSize];
  if (inet_pton(family, std::string(host).c_str(), &binary) != 1 ||
      inet_ntop(family, &binary, text, sizeof(text)) == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("\"", host, "\" is not an ", what, " address"));
  }
  return std::string(text);
}

absl::StatusOr<BindAddress> ParseIpv6(std::string_view text) {
  const std::size_t close = text.find(']');
  if (close == text.npos || close + 1 >= text.size() || text[close + 1] != ':') {
    return absl::InvalidArgumentError("an IPv6 address is written [ADDRESS]:PORT");
  }
  auto host = Canonical<in6_addr, INET6_ADDRSTRLEN>(AF_INET6, text.substr(1, close - 1), "IPv6");
  if (!host.ok()) return host.status();
  auto port = ParsePort(text.substr(close + 2));
  if (!port.ok()) return port.status();
  return BindAddress{BindAddress::Family::kIpv6, *std::move(host), *port, ""};
}

absl::StatusOr<BindAddress> ParseIpv4(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return absl::InvalidArgumentError("the port is missing");
  if (text.find(':', colon + 1) != text.npos) {
    return absl::InvalidArgumentError("an IPv6 address is written [ADDRESS]:PORT");
  }
  auto host = Canonical<in_addr, INET_ADDRSTRLEN>(AF_INET, text.substr(0, colon), "IPv4");
  if (!host.ok()) return host.status();
  auto port = ParsePort(text.substr(colon + 1));
  if (!port.ok()) return port.status();
  return BindAddress{BindAddress::Family::kIpv4, *std::move(host), *port, ""};
}

}  // namespace

bool BindAddress::IsLoopback() const {
  if (family == Family::kIpv4) return absl::StartsWith(host, "127.");
  return family == Family::kIpv6 && host == "::1";
}

bool BindAddress::IsWildcard() const {
  return (family == Family::kIpv4 && host == "0.0.0.0") ||
         (family == Family::kIpv6 && host == "::");
}

std::string BindAddress::ToString() const {
  switch (family) {
    case Family::kIpv4:
      return absl::StrCat(host, ":", port);
    case Family::kIpv6:
      return absl::StrCat("[", host, "]:", port);
    case Family::kUnix:
      return absl::StrCat("unix:", path);
  }
  return "";
}

absl::StatusOr<BindAddress> ParseBindAddress(std::string_view text) {
  std::string_view path = text;
  if (absl::ConsumePrefix(&path, "unix:")) return ParseUnix(path);
  if (absl::StartsWith(text, "[")) return ParseIpv6(text);
  return ParseIpv4(text);
}

absl::Status CheckUnixPathLength(const BindAddress& address) {
  if (address.path.size() <= kMaxUnixPath) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("unix socket path \"", address.path, "\" has ",
                                                 address.path.size(), " bytes, the kernel takes ",
                                                 kMaxUnixPath));
}

bool Overlap(const BindAddress& a, const BindAddress& b) {
  if (a.family != b.family) return false;
  if (a.IsUnix()) return a.path == b.path;
  if (a.port != b.port || a.port == 0) return false;
  return a.host == b.host || a.IsWildcard() || b.IsWildcard();
}

}  // namespace meshhost
