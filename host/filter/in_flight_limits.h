// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "host/filter/in_flight_limit.h"

namespace meshhost {

// The limits on calls in flight by whom they guard, so that a limit goes on counting when the
// configuration around it changes. Owned by the Host; control thread.
class InFlightLimits final {
 public:
  explicit InFlightLimits(uint32_t workers) : workers_(workers) {}

  // The limit of `name`: the one that somebody still holds, with the limit it has, else a new one.
  std::shared_ptr<InFlightLimit> Get(const std::string& name, uint32_t limit) {
    std::weak_ptr<InFlightLimit>& known = limits_[name];
    std::shared_ptr<InFlightLimit> found = known.lock();
    if (found == nullptr) known = found = std::make_shared<InFlightLimit>(limit, workers_);
    return found;
  }

 private:
  const uint32_t workers_;
  std::map<std::string, std::weak_ptr<InFlightLimit>> limits_;
};

}  // namespace meshhost
