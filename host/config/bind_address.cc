// SPDX-License-Identifier: Apache-2.0
#include "host/config/bind_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

#include "absl/status/status.h"
#include "host/base/concat.h"

namespace meshhost {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kSystemdPrefix = "systemd:";
constexpr std::size_t kMaxSystemdName = 255;
constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;

absl::StatusOr<BindAddress> ParseUnix(std::string_view path) {
  if (path.empty()) return absl::InvalidArgumentError("the path after unix: is empty");
  if (path.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("the path after unix: contains a NUL byte");
  }
  return BindAddress{BindAddress::Family::kUnix, "", 0, std::string(path)};
}

// What systemd.socket(5) takes as FileDescriptorName=.
absl::StatusOr<BindAddress> ParseSystemd(std::string_view name) {
  const bool printable = std::all_of(name.begin(), name.end(),
                                     [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
  if (name.empty() || name.size() > kMaxSystemdName || !printable) {
    return absl::InvalidArgumentError(
        "the name after systemd: is not 1 .. 255 printable characters without space and \":\"");
  }
  return BindAddress{BindAddress::Family::kSystemd, "", 0, "", std::string(name)};
}

absl::StatusOr<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || rest != end) {
    return absl::InvalidArgumentError(Concat({"port \"", text, "\" is not 0 .. 65535"}));
  }
  return port;
}

// The canonical spelling, so that equal addresses compare equal.
template <class Binary, std::size_t kSize>
absl::StatusOr<std::string> Canonical(int family, std::string_view host, std::string_view what) {
  Binary binary{};
  char text[kSize];
  if (inet_pton(family, std::string(host).c_str(), &binary) != 1 ||
      inet_ntop(family, &binary, text, sizeof(text)) == nullptr) {
    return absl::InvalidArgumentError(Concat({"\"", host, "\" is not an ", what, " address"}));
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
  if (family == Family::kIpv4) return host.starts_with("127.");
  return family == Family::kIpv6 && host == "::1";
}

bool BindAddress::IsWildcard() const {
  return (family == Family::kIpv4 && host == "0.0.0.0") ||
         (family == Family::kIpv6 && host == "::");
}

std::string BindAddress::ToString() const {
  switch (family) {
    case Family::kIpv4:
      return Concat({host, ":", std::to_string(port)});
    case Family::kIpv6:
      return Concat({"[", host, "]:", std::to_string(port)});
    case Family::kUnix:
      return Concat({kUnixPrefix, path});
    case Family::kSystemd:
      return Concat({kSystemdPrefix, name});
  }
  return "";
}

absl::StatusOr<BindAddress> ParseBindAddress(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return ParseUnix(text.substr(kUnixPrefix.size()));
  if (text.starts_with(kSystemdPrefix)) return ParseSystemd(text.substr(kSystemdPrefix.size()));
  if (text.starts_with("[")) return ParseIpv6(text);
  return ParseIpv4(text);
}

absl::Status CheckUnixPathLength(const BindAddress& address) {
  if (address.path.size() <= kMaxUnixPath) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Concat({"unix socket path \"", address.path, "\" has ", std::to_string(address.path.size()),
              " bytes, the kernel takes ", std::to_string(kMaxUnixPath)}));
}

bool Overlap(const BindAddress& a, const BindAddress& b) {
  if (a.family != b.family) return false;
  if (a.IsUnix()) return a.path == b.path;
  if (a.family == BindAddress::Family::kSystemd) return a.name == b.name;
  if (a.port != b.port || a.port == 0) return false;
  return a.host == b.host || a.IsWildcard() || b.IsWildcard();
}

}  // namespace meshhost
