// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace meshhost {

// Joins text with one allocation. Exists because the abseil of Debian 12 has a string_view of its
// own, so absl::StrCat does not take std::string_view. Any thread.
[[nodiscard]] inline std::string Concat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (std::string_view part : parts) text.append(part);
  return text;
}

}  // namespace meshhost
