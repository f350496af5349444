// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "host/telemetry/metric_id.h"

namespace meshhost {

// Series that differ in one label with N possible values (status codes, reasons), made when a value
// is met first, since most never are. Two workers that meet the same value at once both ask the
// Registry, which gives both the same series. Owned by the metrics of one endpoint; any thread.
template <std::size_t N>
class LazySeries final {
 public:
  // Slot of the series for value `index`; `make(index)` gives it the first time, and again as long
  // as it gives kDiscardSlot.
  template <typename Make>
  std::uint32_t Slot(std::size_t index, const Make& make) {
    // Pairs with the release below: the chunk that the slot is in is visible too.
    std::uint32_t slot = slots_[index].load(std::memory_order_acquire);
    if (slot != kDiscardSlot) [[likely]]
      return slot;
    slot = make(index);
    slots_[index].store(slot, std::memory_order_release);
    return slot;
  }

 private:
  std::array<std::atomic<std::uint32_t>, N> slots_{};
};

}  // namespace meshhost
