// SPDX-License-Identifier: Apache-2.0
//
// OpenApiDocument: REST routes as an OpenAPI 3.1 document, for tools that make clients, tests or
// pages of one. It says where routes are and who serves them; what modules take and answer they do
// not tell the host, so bodies have any type.
//
// OpenAPI knows neither wildcards nor hosts of one route. "/files/{path...}" becomes
// "/files/{path}", and routes that differ only in their host, in parameter names or in a wildcard
// become one operation, with the tags and servers of all.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/call/endpoint.h"
#include "host/http/route_pattern.h"

namespace meshhost {

// One use, one thread; owned by whoever writes the document.
class OpenApiDocument final {
 public:
  // A REST endpoint that a route table took. Must outlive the document.
  void Add(const Endpoint& endpoint);

  // `version`: of the host.
  std::string ToJson(std::string_view version) const;

 private:
  // What OpenAPI cannot tell apart: templates of one shape.
  struct Path {
    RoutePattern pattern;                                         // of the first
    std::map<std::string, std::vector<const Endpoint*>> by_verb;  // none is empty
  };

  std::map<std::string, Path> paths_;  // by shape: "/v1/items/{}"
};

}  // namespace meshhost
