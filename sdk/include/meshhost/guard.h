// SPDX-License-Identifier: Apache-2.0
//
// [skin] The line that no exception passes. What a handler throws becomes INTERNAL for the peer and
// one log record that says what it was; the peer never sees the words of an exception.
#pragma once

#include <meshhost/host.h>

#include <exception>

namespace mh {
namespace detail {

template <class Function>
Status Guarded(const Host& host, Function&& function) noexcept {
#if defined(__cpp_exceptions)
  try {
    return function();
  } catch (const std::exception& error) {
    host.Error("handler threw", {{"what", error.what()}});
  } catch (...) {
    host.Error("handler threw something that is no std::exception");
  }
  return Internal("the handler failed");
#else
  return function();
#endif
}

}  // namespace detail
}  // namespace mh
