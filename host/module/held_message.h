// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/container/inlined_vector.h"
#include "host/call/buffer.h"

namespace meshhost {

// A message that outlives the call that passed it: owners are retained, bytes without one copied.
// Plain value, any thread.
class HeldMessage final {
 public:
  HeldMessage() = default;
  explicit HeldMessage(const Message& message) { Hold(message); }
  HeldMessage(HeldMessage&& other) noexcept
      : slices_(std::move(other.slices_)), flags_(other.flags_) {
    other.slices_.clear();
  }
  HeldMessage& operator=(HeldMessage&&) = delete;
  ~HeldMessage();

  // Only when empty.
  void Hold(const Message& message);

  // Valid as long as this.
  Message message() const {
    return {slices_.data(), static_cast<std::uint32_t>(slices_.size()), flags_};
  }

 private:
  absl::InlinedVector<Slice, 2> slices_;  // each with one reference to its owner
  std::uint32_t flags_ = 0;
};

}  // namespace meshhost
