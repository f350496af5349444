// SPDX-License-Identifier: Apache-2.0
#include "host/http/request_target.h"

#include <algorithm>

#include "host/base/byte_set.h"
#include "host/http/field_syntax.h"

namespace meshhost {
namespace {

constexpr ByteSet kDigits = ByteSet().WithRange('0', '9');
constexpr ByteSet kTargetBytes = ByteSet().WithRange(0x21, '#' - 1).WithRange('#' + 1, 0x7e);
// RFC 3986 reg-name and IPv4address.
constexpr ByteSet kNameBytes =
    kDigits.WithRange('a', 'z').WithRange('A', 'Z').With("-._~!$&'()*+,;=%");
constexpr ByteSet kIpLiteralBytes = kDigits.WithRange('a', 'f').WithRange('A', 'F').With(":.");

bool IsPort(std::string_view text) { return text.size() <= 5 && kDigits.HasAll(text); }

bool IsName(std::string_view text) { return !text.empty() && kNameBytes.HasAll(text); }

bool IsIpLiteral(std::string_view text) { return text.size() > 2 && kIpLiteralBytes.HasAll(text); }

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

bool IsTargetText(std::string_view text) { return kTargetBytes.HasAll(text); }

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
