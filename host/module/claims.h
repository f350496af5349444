// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "host/call/endpoint.h"

namespace meshhost {

// Who serves what in the configuration that is being built, so that a second owner of a service or
// route is refused while it registers, naming both. One for each build; control thread.
class Claims final {
 public:
  // "pkg.Service".
  [[nodiscard]] absl::Status ClaimService(std::string_view service, std::string_view module);
  // A REST or WebSocket route for each of its hosts, or for every host: all of them or none.
  // Templates that differ only in parameter names are the same route; of different hosts, none are.
  [[nodiscard]] absl::Status ClaimRoute(const Endpoint& route);
  // Gives up all claims of a module that failed to load.
  void Release(std::string_view module);

 private:
  [[nodiscard]] absl::Status CheckFree(std::string_view key, std::string_view what,
                                       std::string_view module) const;

  std::map<std::string, std::string, std::less<>> owners_;  // key -> module
};

// Syntax of a route template: "/v1/items/{id}", "/files/{path...}". The error names what is wrong.
[[nodiscard]] absl::Status CheckRouteTemplate(std::string_view pattern);

}  // namespace meshhost
