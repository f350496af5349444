// SPDX-License-Identifier: Apache-2.0
//
// Lines of "VERB pattern" fill a table, the last line is looked up: whatever both say, a match
// carries every parameter of its template, and nothing is found that was not added.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>

#include "host/http/route_table.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meshhost;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::deque<Endpoint> endpoints;
  RouteTable table;
  for (size_t line = rest.find('\n'); line != rest.npos; line = rest.find('\n')) {
    const std::string_view text = rest.substr(0, line);
    rest.remove_prefix(line + 1);
    const size_t blank = text.find(' ');
    if (blank == text.npos) continue;
    Endpoint& endpoint = endpoints.emplace_back();
    endpoint.verb = text.substr(0, blank);
    endpoint.name = text.substr(blank + 1);
    if (!table.Add(endpoint).ok()) endpoints.pop_back();
  }
  Arena arena;
  const RouteTable::Found found = table.Find("GET", rest, arena);
  if ((found.endpoint == nullptr) == (found.refusal == Reason::kNone)) std::abort();
  if (found.endpoint == nullptr) return 0;
  if (found.endpoint->verb != "GET") std::abort();
  const auto pattern = RoutePattern::Parse(found.endpoint->name);
  size_t expected = 0;
  for (const auto& segment : pattern->segments) {
    expected += segment.kind != RoutePattern::Segment::Kind::kLiteral;
  }
  if (found.params.size() != expected) std::abort();
  return 0;
}
