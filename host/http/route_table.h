// SPDX-License-Identifier: Apache-2.0
//
// RouteTable: from verb and path to endpoint. A tree of path segments: at each, a literal is
// preferred to a parameter, and a parameter to a wildcard; where the preferred branch ends without
// an endpoint for the verb the next is tried, so that adding a route never hides a less specific
// one for other verbs. Each node is visited at most once, however the path is made.
//
// A lookup allocates only in the call's arena, and there only what it returns.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "host/base/arena.h"
#include "host/call/endpoint.h"
#include "host/call/outcome.h"
#include "host/http/route_pattern.h"

namespace meshhost {

// Built on one thread, then immutable: any thread. Owned by a generation's directory.
class RouteTable final {
 public:
  RouteTable();
  ~RouteTable();
  RouteTable(RouteTable&&) noexcept;
  RouteTable& operator=(RouteTable&&) noexcept;

  // Adds the endpoint under its verb and name (the template). The endpoint must outlive the table.
  // InvalidArgument: the template is malformed; AlreadyExists: another endpoint answers the same.
  absl::Status Add(const Endpoint& endpoint);

  struct Found {
    const Endpoint* endpoint = nullptr;  // null: `refusal` says why
    Reason refusal = Reason::kNone;      // kRouteNotFound, kMethodNotAllowed, kMalformedRequest
    std::span<const PathParam> params;
    std::string_view allow;  // with kMethodNotAllowed: value of the Allow field
  };
  // HEAD finds GET where there is no HEAD.
  Found Find(std::string_view verb, std::string_view path, Arena& arena) const;
  // The first of the tables that serves verb and path; when none does, what they all allow.
  static Found FindFirst(std::span<const RouteTable* const> tables, std::string_view verb,
                         std::string_view path, Arena& arena);

  size_t size() const { return size_; }

 private:
  struct Node;
  struct Leaf;
  class Lookup;

  std::unique_ptr<Node> root_;
  size_t size_ = 0;
};

}  // namespace meshhost
