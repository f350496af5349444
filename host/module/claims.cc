// SPDX-License-Identifier: Apache-2.0
#include "host/module/claims.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "host/base/concat.h"
#include "host/base/status_macros.h"

namespace meshhost {
namespace {

std::vector<std::string_view> Segments(std::string_view pattern) {
  std::vector<std::string_view> segments;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    segments.push_back(pattern.substr(0, end));
    pattern.remove_prefix(end);
  }
  return segments;
}

bool IsParamName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool IsParam(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

bool IsRest(std::string_view segment) { return IsParam(segment) && segment.ends_with("...}"); }

// The template with parameter names left out.
std::string Shape(std::string_view pattern) {
  std::string shape;
  for (std::string_view segment : Segments(pattern)) {
    shape += '/';
    if (!IsParam(segment)) {
      shape += segment;
    } else {
      shape += IsRest(segment) ? "{...}" : "{}";
    }
  }
  return shape;
}

// A host has neither blank nor slash. "" = every host.
std::string RouteKey(const Endpoint& route, std::string_view host) {
  const bool websocket = route.kind == Kind::kWebSocket;
  return Concat(
      {websocket ? std::string_view("websocket") : route.verb, " ", host, " ", Shape(route.name)});
}

std::string RouteText(const Endpoint& route, std::string_view host) {
  const bool websocket = route.kind == Kind::kWebSocket;
  const std::string name = websocket ? Concat({"WebSocket route \"", route.name, "\""})
                                     : Concat({"route \"", route.verb, " ", route.name, "\""});
  return host.empty() ? name : Concat({name, " for host \"", host, "\""});
}

}  // namespace

absl::Status CheckRouteTemplate(std::string_view pattern) {
  const auto refuse = [pattern](std::string_view why) {
    return absl::InvalidArgumentError(Concat({"route \"", pattern, "\": ", why}));
  };
  if (!pattern.starts_with('/')) return refuse("does not begin with '/'");
  const std::vector<std::string_view> segments = Segments(pattern);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    std::string_view segment = segments[i];
    const bool rest = IsRest(segment);
    if (IsParam(segment)) {
      segment = segment.substr(1, segment.size() - 2 - (rest ? 3 : 0));
      if (!IsParamName(segment)) return refuse("a parameter's name is not of [A-Za-z0-9_]+");
      if (!names.insert(segment).second) return refuse("a parameter appears twice");
      if (rest && i + 1 != segments.size()) return refuse("{name...} may only stand at the end");
    } else if (segment.find_first_of("{}?# \t\r\n") != std::string_view::npos) {
      return refuse("a parameter is a whole segment, {name}");
    }
  }
  return absl::OkStatus();
}

absl::Status Claims::ClaimService(std::string_view service, std::string_view module) {
  const std::string key = Concat({"service ", service});
  RETURN_IF_ERROR(CheckFree(key, Concat({"service \"", service, "\""}), module));
  owners_.emplace(key, module);
  return absl::OkStatus();
}

absl::Status Claims::ClaimRoute(const Endpoint& route) {
  RETURN_IF_ERROR(CheckRouteTemplate(route.name));
  const std::vector<std::string> everywhere = {""};
  const std::vector<std::string>& hosts = route.hosts.empty() ? everywhere : route.hosts;
  for (const std::string& host : hosts) {
    RETURN_IF_ERROR(CheckFree(RouteKey(route, host), RouteText(route, host), route.module));
  }
  for (const std::string& host : hosts) owners_.emplace(RouteKey(route, host), route.module);
  return absl::OkStatus();
}

absl::Status Claims::CheckFree(std::string_view key, std::string_view what,
                               std::string_view module) const {
  const auto owner = owners_.find(key);
  if (owner == owners_.end()) return absl::OkStatus();
  return absl::AlreadyExistsError(Concat(
      {what, " of module \"", module, "\": already taken by module \"", owner->second, "\""}));
}

void Claims::Release(std::string_view module) {
  std::erase_if(owners_, [module](const auto& entry) { return entry.second == module; });
}

}  // namespace meshhost
