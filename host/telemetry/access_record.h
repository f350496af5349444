// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "host/call/endpoint.h"
#include "host/call/outcome.h"
#include "host/call/request.h"

namespace meshhost {

// What the access log says about one call. Views are borrowed for the call that it is passed to.
struct AccessRecord {
  std::uint64_t wall_ns = 0;  // when the call began
  std::uint64_t duration_ns = 0;
  Kind kind = Kind::kHttp;
  HttpVersion version = HttpVersion::kHttp1_1;
  std::string_view endpoint;  // as RenderAccessEndpoint() gave it
  std::string_view method;    // HTTP
  std::string_view path;      // without query, which may carry secrets
  std::string_view listener;
  std::string_view peer;
  std::string_view user;                   // verified identity; empty = none
  std::string_view request_id;             // empty = none
  std::span<const std::uint8_t> trace_id;  // 16 bytes, or empty
  std::span<const std::uint8_t> span_id;   // 8 bytes, or empty
  const Final* final = nullptr;            // never null when written
};

}  // namespace meshhost
