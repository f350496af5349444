// SPDX-License-Identifier: Apache-2.0
//
// The RED metrics of listeners: one histogram by listener, protocol and outcome. Small enough to
// alert on, where the histograms of endpoints are many.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "host/call/endpoint.h"
#include "host/call/outcome.h"
#include "host/telemetry/metric_family.h"
#include "host/telemetry/metric_id.h"
#include "host/telemetry/shard.h"

namespace meshhost {

class Registry;

// One per host. Add() on the control thread; Finished() on workers, each with its shard.
class ListenerMetrics final {
 public:
  static constexpr std::size_t kMaxListeners = 256;

  static absl::StatusOr<ListenerMetrics> Make(Registry& registry,
                                              const std::vector<std::string>& listeners);

  // No effect for a name that was added before. The series stay when the listener goes: of its
  // connections some may still be open. Resource exhausted: more than kMaxListeners names so far.
  absl::Status Add(const std::string& listener);

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

  // Only the first `count` may be read; they do not change any more.
  struct Listeners {
    std::array<PerListener, kMaxListeners> all;
    std::atomic<std::size_t> count{0};
  };

  ListenerMetrics(Registry& registry, FamilyId family)
      : registry_(&registry), family_(family), listeners_(std::make_unique<Listeners>()) {}

  Registry* registry_;
  FamilyId family_;
  std::unique_ptr<Listeners> listeners_;
};

}  // namespace meshhost
