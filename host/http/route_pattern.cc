// SPDX-License-Identifier: Apache-2.0
#include "host/http/route_pattern.h"

#include <algorithm>

#include "host/base/concat.h"
#include "host/base/status_macros.h"

namespace meshhost {
namespace {

using Segment = RoutePattern::Segment;

absl::Status Bad(std::string_view pattern, std::string_view what) {
  return absl::InvalidArgumentError(Concat({"route \"", pattern, "\": ", what}));
}

bool IsName(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

// Literals are written decoded: what a path segment means, not how a client may spell it.
bool IsLiteral(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '{' && c != '}' && c != '?' &&
           c != '#' && c != '%';
  });
}

absl::StatusOr<Segment> ParseSegment(std::string_view pattern, std::string_view text) {
  if (text.empty() || text.front() != '{') {
    if (!IsLiteral(text)) {
      return Bad(pattern,
                 "a segment is literal text, {name} or {name...}; literals are written "
                 "without percent-encoding");
    }
    return Segment{Segment::Kind::kLiteral, std::string(text)};
  }
  if (text.back() != '}') return Bad(pattern, "a parameter fills its whole segment");
  std::string_view name = text.substr(1, text.size() - 2);
  const bool wildcard = name.ends_with("...");
  if (wildcard) name.remove_suffix(3);
  if (!IsName(name)) return Bad(pattern, "a parameter's name is letters, digits and _");
  return Segment{wildcard ? Segment::Kind::kWildcard : Segment::Kind::kParam, std::string(name)};
}

absl::Status CheckNames(std::string_view pattern, const std::vector<Segment>& segments) {
  std::vector<std::string_view> names;
  for (const Segment& segment : segments) {
    if (segment.kind == Segment::Kind::kLiteral) continue;
    if (std::find(names.begin(), names.end(), segment.text) != names.end()) {
      return Bad(pattern, Concat({"parameter \"", segment.text, "\" appears twice"}));
    }
    names.push_back(segment.text);
  }
  if (names.size() > RoutePattern::kMaxParams) return Bad(pattern, "more than 16 parameters");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RoutePattern> RoutePattern::Parse(std::string_view pattern) {
  if (pattern.empty() || pattern[0] != '/') return Bad(pattern, "must start with '/'");
  RoutePattern parsed;
  std::string_view rest = pattern.substr(1);
  while (true) {
    const size_t slash = rest.find('/');
    ASSIGN_OR_RETURN(Segment segment, ParseSegment(pattern, rest.substr(0, slash)));
    const bool last = slash == std::string_view::npos;
    if (!last && segment.kind == Segment::Kind::kWildcard) {
      return Bad(pattern, "{name...} stands only at the end");
    }
    if (!last && segment.text.empty()) return Bad(pattern, "has an empty segment");
    parsed.segments.push_back(std::move(segment));
    if (last) break;
    rest.remove_prefix(slash + 1);
  }
  RETURN_IF_ERROR(CheckNames(pattern, parsed.segments));
  return parsed;
}

}  // namespace meshhost
