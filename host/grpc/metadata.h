// SPDX-License-Identifier: Apache-2.0
//
// Outgoing gRPC metadata: what a module may set, and how it is written.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "host/base/arena.h"
#include "host/call/request.h"

namespace meshhost {

// Copies `fields` to `to`, which has room for all, and returns how many: names that gRPC or HTTP/2
// reserve and fields with forbidden characters are left out; values of "-bin" keys become base64.
size_t WriteMetadata(std::span<const Header> fields, Header* to, Arena& arena);

// As "grpc-message" wants text: bytes outside printable ASCII, and '%', percent-encoded. In the
// arena when something had to be encoded.
std::string_view EncodeGrpcMessage(std::string_view text, Arena& arena);

}  // namespace meshhost
