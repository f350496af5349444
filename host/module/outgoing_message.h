// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "host/call/buffer.h"

namespace meshhost {

// A module's message on its way out. Memory of the host's own passes as it is. Memory of the module
// gets a host-side owner in front, counted in `held`: the host may keep it in a socket's queue for
// long, and must know that before it unmaps the code which releases it.
// On the stack of one ABI call; any thread.
class OutgoingMessage final {
 public:
  OutgoingMessage(const mh_msg& from, std::atomic<std::int64_t>& held);
  ~OutgoingMessage();
  OutgoingMessage(const OutgoingMessage&) = delete;
  OutgoingMessage& operator=(const OutgoingMessage&) = delete;

  const Message& message() const { return message_; }

 private:
  Message message_;
  absl::InlinedVector<Slice, 4> slices_;  // empty: message_ is the module's own
};

}  // namespace meshhost
