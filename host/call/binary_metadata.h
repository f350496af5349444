// SPDX-License-Identifier: Apache-2.0
//
// Binary gRPC metadata: values of keys that end in "-bin" travel as base64 (gRPC over HTTP/2,
// "Custom-Metadata"). Senders may omit the padding, so readers accept both. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "host/base/arena.h"

namespace meshhost {

// Whether the values of that key are binary.
inline bool IsBinaryMetadata(std::string_view name) { return name.ends_with("-bin"); }

// The bytes that the value stands for, in the arena; nullopt when it is not base64.
std::optional<std::string_view> DecodeBinaryMetadata(std::string_view value, Arena& arena);

// Without padding, in the arena.
std::string_view EncodeBinaryMetadata(std::string_view bytes, Arena& arena);

}  // namespace meshhost
