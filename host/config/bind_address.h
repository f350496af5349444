// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace meshhost {

// Where a listening socket is to be bound: an IP literal with port, a unix socket path, or the name
// of a socket that the service manager has bound. Host names are refused on purpose: what they
// resolve to may change between check and run.
// Plain value, no owner, any thread.
struct BindAddress {
  enum class Family { kIpv4, kIpv6, kUnix, kSystemd };

  Family family = Family::kIpv4;
  std::string host;        // canonical literal without brackets; IP only
  std::uint16_t port = 0;  // 0: the kernel picks one
  std::string path;        // unix only
  std::string name;        // systemd only: FileDescriptorName= of the socket unit

  bool IsUnix() const { return family == Family::kUnix; }
  bool IsLoopback() const;
  bool IsWildcard() const;
  // As written in TOML: "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock", "systemd:web".
  std::string ToString() const;

  friend bool operator==(const BindAddress&, const BindAddress&) = default;
};

// The error message names what is wrong with `text`, not where it was written.
[[nodiscard]] absl::StatusOr<BindAddress> ParseBindAddress(std::string_view text);

// The kernel's limit, to be asked once a relative path has been resolved.
[[nodiscard]] absl::Status CheckUnixPathLength(const BindAddress& address);

// Whether the kernel would refuse (or silently shadow) one of them when both are bound. [::] takes
// IPv6 only (IPV6_V6ONLY is set), so it does not overlap 0.0.0.0.
[[nodiscard]] bool Overlap(const BindAddress& a, const BindAddress& b);

}  // namespace meshhost
