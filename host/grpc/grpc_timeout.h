// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace meshhost {

// The value of a "grpc-timeout" header, at most eight digits and a unit ("250m", "10S"), in
// nanoseconds; nullopt when malformed. Any thread.
std::optional<uint64_t> ParseGrpcTimeout(std::string_view text);

}  // namespace meshhost
