// SPDX-License-Identifier: Apache-2.0
#include "host/http/virtual_hosts.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "host/base/status_macros.h"

namespace meshhost {
namespace {

// The longest DNS name. What is longer equals no host, and may not cost a lookup for each dot.
constexpr size_t kMaxHost = 253;

using HostText = std::array<char, kMaxHost>;

// The authority without its port, in lower case; empty when it can name no host that is configured.
// A dot at the end says that a name is absolute, which all of these are.
std::string_view HostOf(std::string_view authority, HostText& text) {
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  std::string_view host = authority.substr(0, authority.find(':', bracket));
  if (host.ends_with('.')) host.remove_suffix(1);
  // A dot in front would make it look like a wildcard's key.
  if (host.size() > text.size() || host.starts_with('.')) return {};
  std::transform(host.begin(), host.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return {text.data(), host.size()};
}

}  // namespace

absl::Status VirtualHosts::Add(const Endpoint& endpoint) {
  if (endpoint.hosts.empty()) return everywhere_.Add(endpoint);
  for (const std::string& host : endpoint.hosts) {
    const size_t star = host.starts_with("*.") ? 1 : 0;
    RETURN_IF_ERROR(tables_[host.substr(star)].Add(endpoint));
  }
  return absl::OkStatus();
}

std::span<const RouteTable* const> VirtualHosts::TablesFor(std::string_view authority,
                                                           Arena& arena) const {
  HostText text;
  std::string_view key = HostOf(authority, text);
  const auto dots = static_cast<size_t>(std::count(key.begin(), key.end(), '.'));
  // The host, a wildcard behind each of its labels, every host.
  const std::span<const RouteTable*> tables = arena.NewArray<const RouteTable*>(dots + 2);
  size_t n = 0;
  while (!key.empty()) {
    if (const auto found = tables_.find(key); found != tables_.end()) tables[n++] = &found->second;
    const size_t dot = key.find('.', 1);
    key.remove_prefix(std::min(dot, key.size()));
  }
  tables[n++] = &everywhere_;
  return tables.first(n);
}

}  // namespace meshhost
