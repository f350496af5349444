// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/telemetry/exposition.h"
#include "host/telemetry/registry.h"

namespace meshhost {

// The text of the sample `name` (labels included, as exposed), e.g. "17"; none when absent.
inline std::optional<std::string> SampleOf(std::string_view page, std::string_view name) {
  const std::string start = "\n" + std::string(name) + " ";
  const std::string text = "\n" + std::string(page);
  const std::size_t at = text.find(start);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t value = at + start.size();
  return text.substr(value, text.find('\n', value) - value);
}

// The same, from a fresh scrape.
inline std::optional<std::string> Sample(const Registry& registry, std::string_view name) {
  return SampleOf(Expose(registry, ExpositionFormat::kOpenMetrics), name);
}

}  // namespace meshhost
