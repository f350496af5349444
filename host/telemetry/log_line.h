// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "host/telemetry/log.h"

namespace meshhost {

// One line of the application log, without line end. JSON:
//   {"ts":"2026-01-02T03:04:05.678901Z","level":"info","msg":"listener bound","address":"[::1]:1"}
// text:
//   2026-01-02T03:04:05.678901Z INFO  listener bound address=[::1]:1 name="a b"
// Text from peers or modules cannot break either. Fields come in the order given.
std::string FormatLogLine(LogConfig::Format format, std::uint64_t wall_ns, LogLevel level,
                          std::string_view text, std::span<const LogField> fields);

}  // namespace meshhost
