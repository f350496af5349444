// SPDX-License-Identifier: Apache-2.0
#include "host/grpc/grpc_timeout.h"

namespace meshhost {
namespace {

constexpr size_t kMaxDigits = 8;
// 99999999 hours do not fit; nobody waits for 100 years either.
constexpr uint64_t kMaxNs = 100ull * 365 * 86400 * 1'000'000'000;

uint64_t UnitNs(char unit) {
  switch (unit) {
    case 'n':
      return 1;
    case 'u':
      return 1'000;
    case 'm':
      return 1'000'000;
    case 'S':
      return 1'000'000'000;
    case 'M':
      return 60'000'000'000;
    case 'H':
      return 3600'000'000'000;
    default:
      return 0;
  }
}

}  // namespace

std::optional<uint64_t> ParseGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > kMaxDigits + 1) return std::nullopt;
  const uint64_t unit = UnitNs(text.back());
  if (unit == 0) return std::nullopt;
  text.remove_suffix(1);
  uint64_t amount = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    amount = amount * 10 + static_cast<uint64_t>(c - '0');
  }
  return amount > kMaxNs / unit ? kMaxNs : amount * unit;
}

}  // namespace meshhost
