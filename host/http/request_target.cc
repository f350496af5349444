// SPDX-License-Identifier: Apache-2.0
#include "host/http/request_target.h"

#include <algorithm>

#include "host/http/field_syntax.h"

namespace meshhost {
namespace {

bool IsTargetText(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool IsPort(std::string_view text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// RFC 3986 reg-name and IPv4address.
bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~!$&'()*+,;=%").find(c) != std::string_view::npos;
  });
}

bool IsIpLiteral(std::string_view text) {
  return text.size() > 2 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') ||
                  c == ':' || c == '.';
         });
}

RequestTarget Split(std::string_view origin) {
  RequestTarget target;
  const size_t mark = origin.find('?');
  target.path = origin.substr(0, mark);
  if (mark != origin.npos) target.query = origin.substr(mark + 1);
  return target;
}

std::optional<RequestTarget> ParseAbsolute(std::string_view text) {
  const size_t scheme = text.find("://");
  if (scheme == text.npos) return std::nullopt;
  if (!EqualsIgnoreCase(text.substr(0, scheme), "http") &&
      !EqualsIgnoreCase(text.substr(0, scheme), "https")) {
    return std::nullopt;
  }
  text.remove_prefix(scheme + 3);
  const size_t end = std::min(text.find_first_of("/?"), text.size());
  const std::string_view authority = text.substr(0, end);
  if (!IsHost(authority)) return std::nullopt;
  RequestTarget target = Split(text.substr(end));
  if (target.path.empty()) target.path = "/";
  target.authority = authority;
  target.absolute = true;
  return target;
}

}  // namespace

std::optional<RequestTarget> ParseRequestTarget(std::string_view target, std::string_view method) {
  if (target.empty() || !IsTargetText(target)) return std::nullopt;
  if (target[0] == '/') return Split(target);
  if (target == "*" && method == "OPTIONS") return RequestTarget{.path = target};
  return ParseAbsolute(target);
}

bool IsHost(std::string_view text) {
  size_t end = text.find(':');
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    if (bracket == text.npos || !IsIpLiteral(text.substr(1, bracket - 1))) return false;
    end = bracket + 1;
    if (end == text.size()) return true;
    return text[end] == ':' && IsPort(text.substr(end + 1));
  }
  if (!IsName(text.substr(0, end))) return false;
  return end == text.npos || IsPort(text.substr(end + 1));
}

}  // namespace meshhost
