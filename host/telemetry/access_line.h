// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "host/call/endpoint.h"
#include "host/telemetry/access_record.h"
#include "host/telemetry/timestamp.h"

namespace meshhost {

// No line is longer; text that would make it so is cut.
inline constexpr std::size_t kMaxAccessLine = 20 * 1024;

// The part of the lines of an endpoint that is always the same, made once:
//   "rpc":"echo.v1.Echo/Unary","module":"echo",
std::string RenderAccessEndpoint(const Endpoint& endpoint);

// Writes one line, line end included, to `out`, which has room for kMaxAccessLine. Returns the end.
//   {"ts":"2026-01-02T03:04:05.678901Z","proto":"grpc","rpc":"echo.v1.Echo/Unary","module":"echo",
//    "status":200,"path":"/echo.v1.Echo/Unary","grpc_code":"OK","dur_s":0.000123,
//    "bytes_in":13,"bytes_out":13,"listener":"main","peer":"127.0.0.1:4242"}
// Fields without a value are left out.
char* WriteAccessLine(char* out, Timestamp& timestamp, const AccessRecord& record);

}  // namespace meshhost
