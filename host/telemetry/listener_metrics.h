// SPDX-License-Identifier: Apache-2.0
//
// The RED metrics of listeners: one histogram by listener, protocol and outcome. Small enough to
// alert on, where the histograms of endpoints are many.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "host/call/endpoint.h"
#include "host/call/outcome.h"
#include "host/telemetry/metric_id.h"
#include "host/telemetry/shard.h"

namespace meshhost {

class Registry;

// Owned by the filters of one generation, immutable; Finished() on workers, each with its shard.
class ListenerMetrics final {
 public:
  static absl::StatusOr<ListenerMetrics> Make(Registry& registry,
                                              const std::vector<std::string>& listeners);

  // A call that came in by a listener without series (of an older generation) counts nowhere.
  void Finished(Shard& shard, std::string_view listener, Kind kind, const Final& final,
                std::uint64_t duration_ns) const;

 private:
  enum class Result : std::uint8_t { kOk, kClientError, kServerError };
  static constexpr std::size_t kResults = 3;
  static constexpr std::size_t kKinds = 3;

  struct PerListener {
    std::string name;
    std::array<std::array<HistogramId, kResults>, kKinds> durations;
  };

  static Result ResultOf(Kind kind, const Final& final);

  std::vector<PerListener> listeners_;
};

}  // namespace meshhost
