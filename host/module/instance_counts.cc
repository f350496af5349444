// SPDX-License-Identifier: Apache-2.0
#include "host/module/instance_counts.h"

#include <string_view>

#include "host/base/concat.h"

namespace meshhost {
namespace {

void Append(std::string* text, std::int64_t count, std::string_view noun) {
  if (count == 0) return;
  if (!text->empty()) *text += ", ";
  *text += Concat({std::to_string(count), " ", noun, count == 1 ? "" : "s"});
}

}  // namespace

std::string InstanceCounts::ToString(std::size_t timers) const {
  std::string text;
  Append(&text, static_cast<std::int64_t>(calls.open()), "call");
  Append(&text, posted.load(), "posted task");
  Append(&text, static_cast<std::int64_t>(timers), "timer");
  Append(&text, threads.load(), "thread");
  Append(&text, slices.load(), "slice");
  Append(&text, blocks.held(), "host block");
  return text;
}

}  // namespace meshhost
