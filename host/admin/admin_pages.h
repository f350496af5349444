// SPDX-License-Identifier: Apache-2.0
//
// The admin API without its web server: what is answered to which request.
//
// GET looks:
//   /metrics  text or OpenMetrics, as asked for      /livez   200 or 503, plain text
//   /config   effective configuration                /readyz  200 or 503, plain text
//   /modules  what is loaded                         /health  200 or 503, JSON
//   /version  what runs                              /openapi.json  the REST routes
//
// POST changes, with Content-Type application/json, which no web page may send to us unasked:
//   /plan     what a reload would do         /reload           {"confirm": "60s"} or {}
//   /upgrade  takes the binary as it is now  /reload/confirm   /reload/rollback
//
// The Host field is checked although the server listens on loopback only: a web page that the
// operator has open could otherwise read all this through a name that resolves to 127.0.0.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/admin/admin_operations.h"
#include "host/admin/admin_source.h"

namespace meshhost {

class Registry;

// What the pages look at. Borrowed views.
struct AdminRequest {
  std::string_view method;
  std::string_view path;  // without query
  std::string_view host;  // Host field; empty = missing
  std::string_view accept;
  std::string_view content_type;
  std::string_view body;
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
  AdminPages(const Registry& registry, const AdminSource& source, AdminOperations& operations,
             std::string host);

  // POST waits for the control thread.
  AdminAnswer Answer(const AdminRequest& request) const;
  static AdminAnswer TooManyOperations();

 private:
  bool IsOurHost(std::string_view field) const;
  AdminAnswer Page(std::string_view path, std::string_view accept) const;
  AdminAnswer Health() const;
  AdminAnswer Operate(const AdminRequest& request) const;

  const Registry& registry_;
  const AdminSource& source_;
  AdminOperations& operations_;
  const std::string host_;
};

}  // namespace meshhost
