// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "host/call/endpoint.h"
#include "host/call/outcome.h"
#include "meshhost/abi/call.h"

namespace meshhost {

// Header fields of a module in the host's form. The texts stay the module's. On the stack of one
// ABI call.
class OutgoingHeaders final {
 public:
  OutgoingHeaders(const mh_kv* fields, std::size_t n);

  // Names are lower-case tokens, values have no CR, LF or NUL: nothing can break out of its line.
  // Bytes in "-bin" values are left to gRPC, which encodes them.
  bool valid() const { return valid_; }
  std::span<const Header> fields() const { return fields_; }

 private:
  absl::InlinedVector<Header, 4> fields_;
  bool valid_ = true;
};

// What a module's mh_status means for the endpoint's protocol. On the stack of one ABI call.
class OutgoingStatus final {
 public:
  // `status` may be null.
  OutgoingStatus(Kind kind, const mh_status* status);

  const Outcome& outcome() const { return outcome_; }

 private:
  OutgoingHeaders trailers_;
  Outcome outcome_;
};

// A copy of an mh_status, for the way from another thread to the worker. Plain value.
class HeldStatus final {
 public:
  HeldStatus() = default;
  explicit HeldStatus(const mh_status* status);

  // Null when there was none. Valid as long as this is neither moved nor changed.
  const mh_status* status();

 private:
  bool present_ = false;
  std::string text_;
  std::string details_;
  std::vector<std::pair<std::string, std::string>> trailers_;
  std::vector<mh_kv> fields_;
  mh_status status_ = {};
};

// The module may have been compiled with a shorter or longer mh_status.
mh_status ReadStatus(const mh_status& status);

}  // namespace meshhost
