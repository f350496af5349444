// SPDX-License-Identifier: Apache-2.0
#include "host/http/http_date.h"

#include <ctime>

#include "host/base/clock.h"

namespace meshhost {

std::string_view HttpDate::Now() {
  constexpr uint64_t kSecond = 1'000'000'000;
  constexpr size_t kLength = sizeof("Sun, 06 Nov 1994 08:49:37 GMT") - 1;
  if (loop_.now_ns() >= until_ns_) {
    const uint64_t wall = WallNs();
    const auto seconds = static_cast<time_t>(wall / kSecond);
    tm parts;
    gmtime_r(&seconds, &parts);
    strftime(text_, sizeof text_, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    until_ns_ = loop_.now_ns() + kSecond - wall % kSecond;
  }
  return {text_, kLength};
}

}  // namespace meshhost
