// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "host/call/loop.h"

namespace meshhost {

// The value of Date fields (RFC 9110 section 6.6.1), formatted once a second. Worker thread only.
class HttpDate final {
 public:
  explicit HttpDate(const Loop& loop) : loop_(loop) {}

  // "Sun, 06 Nov 1994 08:49:37 GMT", as of this second. The view stays; its text moves on.
  std::string_view Now();

 private:
  const Loop& loop_;
  uint64_t until_ns_ = 0;
  char text_[30];
};

}  // namespace meshhost
