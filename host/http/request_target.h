// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace meshhost {

// An HTTP/1.1 request target (RFC 9112 section 3.2) in its parts, viewing the original.
struct RequestTarget {
  std::string_view path;  // starts with '/', or is "*"
  std::string_view query;
  std::string_view authority;  // absolute form only
  bool absolute = false;
};

// nullopt: none of origin, absolute ("http", "https") and, for OPTIONS, asterisk form; or it holds
// a fragment, a control or a byte >= 0x80.
std::optional<RequestTarget> ParseRequestTarget(std::string_view target, std::string_view method);

// host [":" port], as the Host field and :authority have it.
bool IsHost(std::string_view text);
// Visible ASCII without a fragment: bytes that a request target may have.
bool IsTargetText(std::string_view text);

}  // namespace meshhost
