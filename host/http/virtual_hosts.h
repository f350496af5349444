// SPDX-License-Identifier: Apache-2.0
//
// VirtualHosts: from host, verb and path to endpoint. One route table for each host that endpoints
// name, one for each wildcard "*.example.com", and one for the endpoints of every host. They are
// asked in that order, longer wildcards first, and the first that serves verb and path answers: so
// a module can take over some paths of one host and leave the rest to those that serve them for
// all. When none serves the verb, Allow names what all of them have.
//
// Merging the tables of less specific hosts into each host's own would save lookups, but costs
// memory by hosts times routes; few requests need a second table.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "host/base/arena.h"
#include "host/call/endpoint.h"
#include "host/http/route_table.h"

namespace meshhost {

// Built on one thread, then immutable: any thread. Owned by a generation's directory.
class VirtualHosts final {
 public:
  // Adds the endpoint for each of its hosts, or for every host when it names none. Errors as those
  // of RouteTable; the endpoint must outlive the object.
  absl::Status Add(const Endpoint& endpoint);

  // `authority`: as the request has it, with port and in any case; one that is empty or malformed
  // names no host.
  RouteTable::Found Find(std::string_view authority, std::string_view verb, std::string_view path,
                         Arena& arena) const {
    if (tables_.empty()) return everywhere_.Find(verb, path, arena);
    return RouteTable::FindFirst(TablesFor(authority, arena), verb, path, arena);
  }

 private:
  // Most specific first.
  std::span<const RouteTable* const> TablesFor(std::string_view authority, Arena& arena) const;

  RouteTable everywhere_;
  // By "api.example.com"; wildcards by what follows the star, ".example.com".
  std::map<std::string, RouteTable, std::less<>> tables_;
};

}  // namespace meshhost
