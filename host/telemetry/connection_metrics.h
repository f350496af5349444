// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace meshhost {

class Registry;

// How to read what one worker's network side counts for itself; each function is called by scrapes,
// on any thread.
struct ConnectionReadings {
  using Read = std::function<std::uint64_t()>;

  Read accepted;
  Read active;
  std::vector<std::pair<std::string, Read>> refused;  // by reason
  std::vector<std::pair<std::string, Read>> ended;    // by the host, by reason
  Read http2_peer_resets;
  Read handshakes;
  Read handshakes_resumed;
  std::vector<std::pair<std::string, Read>> handshake_failures;  // by reason
  Read turns;
  Read loop_lag_ns;
};

// Exposes the readings of worker `worker`. What they read must outlive the registry's last scrape.
absl::Status AddConnectionMetrics(Registry& registry, std::uint32_t worker,
                                  const ConnectionReadings& readings);

}  // namespace meshhost
