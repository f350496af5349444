// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "host/base/arena.h"
#include "host/call/request.h"

namespace meshhost {

// RFC 9110 section 5.6.2 token.
bool IsToken(std::string_view text);
// Nothing in it can end the field or the message: no CR, LF, NUL or other control but TAB.
bool IsFieldValue(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
// Is `token` (case-insensitive) a member of a comma-separated list?
bool ListContains(std::string_view list, std::string_view token);
std::string_view TrimWhitespace(std::string_view text);
// Fields of one connection, and those that frame a message: of the session, never of a module.
// `name` is lower case.
bool IsConnectionField(std::string_view name);
// Those fields that a module may send: well-formed, and not the connection's. Views of `fields`.
std::span<const Header> SendableFields(std::span<const Header> fields, Arena& arena);

}  // namespace meshhost
