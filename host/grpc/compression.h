// SPDX-License-Identifier: Apache-2.0
//
// The gzip coding of gRPC messages. A few bytes can expand to a thousand times as many, so
// decompression stops at a limit and its memory grows with what really came out.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "host/call/buffer.h"

namespace meshhost {

// The original bytes. ResourceExhausted beyond `max_size`, InvalidArgument when `compressed` is not
// one complete gzip stream. Any thread.
absl::StatusOr<HeldSlice> GunzipMessage(const Slice& compressed, size_t max_size);

// Any thread.
absl::StatusOr<HeldSlice> GzipMessage(const Message& message);

}  // namespace meshhost
