// SPDX-License-Identifier: Apache-2.0
//
// PayloadSchema: does a payload parse as the message type of its method? Asked for every request
// message before module code sees it, so it must cost tens of nanoseconds and no memory, which a
// parse into a DynamicMessage does not. The descriptor is compiled once into a table of the fields
// whose content matters; everything else is skipped by its wire type.
//
// Refused is what protobuf's own parser refuses: truncated or overlong varints, field number 0,
// lengths beyond the end, unbalanced groups, nesting over 100, sub-messages and packed fields whose
// content is malformed, proto3 strings that are not UTF-8. As there, a field with an unexpected
// wire type counts as unknown. Not checked: required fields of proto2.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "host/call/endpoint.h"

namespace google::protobuf {
class Descriptor;
}

namespace meshhost {

// Immutable; any thread.
class PayloadSchema final : public PayloadCheck {
 public:
  // Copies what it needs from the descriptor.
  static std::unique_ptr<const PayloadSchema> Compile(const google::protobuf::Descriptor& message);

  bool Accepts(const Message& message) const override;

  // What the content of a length-delimited (or group) field must be.
  enum class Content : uint8_t {
    kAny,
    kUtf8,
    kMessage,
    kGroup,
    kPackedVarint,
    kPacked32,
    kPacked64
  };
  struct Field {
    uint32_t number;
    Content content;
    uint32_t type;  // kMessage, kGroup: index of its type
  };
  // Sorted by number; fields whose content does not matter are left out.
  using Type = std::vector<Field>;

 private:
  PayloadSchema() = default;

  std::vector<Type> types_;  // [0]: the message itself
};

}  // namespace meshhost
