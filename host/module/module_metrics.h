// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "host/module/handles.h"
#include "host/telemetry/registry.h"
#include "meshhost/abi/metrics.h"

namespace meshhost {

class ModuleMetrics;

// A family that a module defined: what an mh_metric* points to. Owned by its ModuleMetrics.
struct ModuleMetric : ::mh_metric {
  ModuleMetrics* owner = nullptr;
  std::uint32_t type = 0;
  FamilyId family;
  std::size_t labels = 0;  // the module's own, without `module`
};

// One series, resolved: what an mh_series* points to. Owned by its ModuleMetrics. Any thread.
struct ModuleSeries : ::mh_series {
  Registry* registry = nullptr;
  std::uint32_t type = 0;
  RealCounterId counter;
  GaugeId gauge;
  RealHistogramId histogram;

  // Straight into the worker's shard when a worker's inline handler calls.
  void Add(double value);
  void Set(double value);
  void Observe(double value);
};

// Metrics of one instance in the host's registry. Owned by the ModuleInstance; any thread. Its
// series end with it, unless the next generation continues them.
class ModuleMetrics final {
 public:
  ModuleMetrics(Registry& registry, std::string module);
  ~ModuleMetrics();

  // What a module asks for with mh.metrics/1 define. Plain value.
  struct Definition {
    std::uint32_t type = 0;
    std::string name;
    std::string help;
    std::vector<std::string> labels;
    std::vector<double> buckets;  // empty: the host's default
  };
  // The instance is retained: no more series. Those that there are stay.
  void Close() { closed_.store(true, std::memory_order_release); }
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  [[nodiscard]] absl::StatusOr<ModuleMetric*> Define(const Definition& definition);
  [[nodiscard]] absl::StatusOr<ModuleSeries*> Series(const ModuleMetric& metric,
                                                     std::span<const mh_str> values);

 private:
  absl::Status Resolve(const ModuleMetric& metric, const LabelValues& values, ModuleSeries* series);

  Registry& registry_;
  const std::string module_;
  const MetricOwner owner_;
  std::atomic<bool> closed_{false};
  absl::Mutex mutex_;
  std::deque<ModuleMetric> metrics_ ABSL_GUARDED_BY(mutex_);  // addresses stay
  std::map<std::vector<std::string>, std::unique_ptr<ModuleSeries>> series_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace meshhost
