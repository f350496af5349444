// SPDX-License-Identifier: Apache-2.0
//
// State that an upgrade hands from the running generation of a module to the next one, so that a
// cache need not be filled again. A module that has some says so with three public members:
//
//   static constexpr mh::StateFormat kState{.format = 2, .oldest = 1};
//   mh::Status SaveState(mh::StateWriter& writer);                        // on the old generation
//   mh::Status LoadState(std::string_view record, uint32_t format);       // on the new one
//
// SaveState runs while calls do: lock as they do. What they change afterwards stays with the old
// generation, so what must not be lost belongs into storage. LoadState runs once for each record,
// after Register and before Start; mh::Unimplemented means "not these, I start empty", any other
// failure refuses the upgrade. The host never mixes formats that kState does not name.
#pragma once

#include <meshhost/abi/state.h>
#include <meshhost/status.h>

#include <string_view>

namespace mh {

// The format that SaveState writes, and the oldest that LoadState still understands.
struct StateFormat {
  uint32_t format = 1;
  uint32_t oldest = 1;
};

// Where SaveState writes to. Lives as long as that call.
class StateWriter final {
 public:
  using Sink = mh_rc (*)(void* ctx, const mh_msg* record);
  StateWriter(Sink sink, void* ctx) : sink_(sink), ctx_(ctx) {}

  // A failure is to be returned: the host's limit is reached, and nothing is handed over.
  Status Write(std::string_view record) {
    const mh_slice slice = {reinterpret_cast<const uint8_t*>(record.data()), record.size(),
                            nullptr};
    const mh_msg message = {&slice, 1, 0};
    if (sink_(ctx_, &message) == MH_OK) return Status();
    return ResourceExhausted("the host takes no more state");
  }

 private:
  Sink sink_;
  void* ctx_;
};

}  // namespace mh
