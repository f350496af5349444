// SPDX-License-Identifier: Apache-2.0
//
// The admin API without its web server: what is answered to which request. Read-only: GET.
//
//   /metrics  text or OpenMetrics, as asked for      /livez   200 or 503, plain text
//   /config   effective configuration                /readyz  200 or 503, plain text
//   /modules  what is loaded                         /health  200 or 503, JSON
//   /version  what runs                              /openapi.json  the REST routes
//
// The Host field is checked although the server listens on loopback only: a web page that the
// operator has open could otherwise read all this through a name that resolves to 127.0.0.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/admin/admin_source.h"

namespace meshhost {

class Registry;

// What the pages look at. Borrowed views.
struct AdminRequest {
  std::string_view method;
  std::string_view path;  // without query
  std::string_view host;  // Host field; empty = missing
  std::string_view accept;
};

// Plain value.
struct AdminAnswer {
  int status = 200;
  std::string content_type;
  std::string body;
  std::string allow;  // with 405
};

// Owned by the AdminServer. Any thread; several at a time.
class AdminPages final {
 public:
  // `host` is the literal address that the server listens on, also accepted in the Host field.
  AdminPages(const Registry& registry, const AdminSource& source, std::string host);

  AdminAnswer Answer(const AdminRequest& request) const;

 private:
  bool IsOurHost(std::string_view field) const;
  AdminAnswer Page(std::string_view path, std::string_view accept) const;
  AdminAnswer Health() const;

  const Registry& registry_;
  const AdminSource& source_;
  const std::string host_;
};

}  // namespace meshhost
