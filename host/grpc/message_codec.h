// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message_lite.h>

#include "host/call/buffer.h"
#include "host/call/exchange.h"

namespace meshhost {

// For the host's own gRPC services: protobuf in and out of an Exchange's messages.

inline bool Parse(const Message& message, google::protobuf::MessageLite& into) {
  const HeldSlice joined = HeldSlice::CopyOf(message);
  return into.ParseFromArray(joined.slice().p, static_cast<int>(joined.slice().n));
}

// Calls use(const Message&) with the serialized bytes.
template <typename Use>
auto WithSerialized(const google::protobuf::MessageLite& message, Use use) {
  const std::string bytes = message.SerializeAsString();
  const Slice slice = BorrowedSlice(bytes);
  return use(Message{&slice, 1, 0});
}

}  // namespace meshhost
