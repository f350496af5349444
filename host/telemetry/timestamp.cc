// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/timestamp.h"

#include <cstring>
#include <ctime>

namespace meshhost {
namespace {

char* WriteDigits(char* out, unsigned value, int digits) {
  for (int i = digits; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + digits;
}

}  // namespace

char* Timestamp::Write(char* out, std::uint64_t wall_ns) {
  const std::uint64_t second = wall_ns / 1'000'000'000;
  if (second != second_) {
    second_ = second;
    const auto time = static_cast<std::time_t>(second);
    std::tm utc{};
    gmtime_r(&time, &utc);
    char* at = WriteDigits(text_.data(), static_cast<unsigned>(utc.tm_year + 1900), 4);
    const int parts[] = {utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec};
    const char before[] = {'-', '-', 'T', ':', ':'};
    for (std::size_t i = 0; i < std::size(before); ++i) {
      *at++ = before[i];
      at = WriteDigits(at, static_cast<unsigned>(parts[i]), 2);
    }
    *at = '.';
  }
  std::memcpy(out, text_.data(), text_.size());
  const auto micros = static_cast<unsigned>(wall_ns % 1'000'000'000 / 1000);
  out = WriteDigits(out + text_.size(), micros, 6);
  *out++ = 'Z';
  return out;
}

}  // namespace meshhost
