// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace meshhost {

// One difference between two schemas that breaks clients of the old one. Plain value.
struct BreakingChange {
  std::string rule;  // stable id, "field.type"
  std::string text;  // names the element and both sides
};

// Compares two serialized FileDescriptorSets. Breaking is what makes a client built from the old
// schema fail or misread: services, methods, messages, fields and enum values that went or changed
// their number, type, label or kind, and numbers or names that were reserved and are used again. A
// field or value that went is fine when its number is reserved. Any thread.
[[nodiscard]] absl::StatusOr<std::vector<BreakingChange>> CompareSchemas(
    std::string_view old_descriptor_set, std::string_view new_descriptor_set);

}  // namespace meshhost
