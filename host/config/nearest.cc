// SPDX-License-Identifier: Apache-2.0
#include "host/config/nearest.h"

#include <algorithm>
#include <numeric>

namespace meshhost {
namespace {

constexpr std::size_t kLongestWord = 64;

// Levenshtein, one row at a time.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() > kLongestWord) return {};
  std::string_view nearest;
  // A third of the letters may be wrong: enough for typing errors, too little for another word.
  std::size_t best = std::max<std::size_t>(word.size() / 3, 1) + 1;
  for (std::string_view candidate : known) {
    const std::size_t distance = Distance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace meshhost
