// SPDX-License-Identifier: Apache-2.0
//
// The one metrics registry. It knows families and series; the values live in shards (shard.h), one
// for each worker and one shared by the other threads. prometheus-cpp's own metric classes are not
// used for values, since its histograms take a mutex for each observation; its snapshot types and
// text serialiser are (exposition.h).
//
// Locks: `mutex_` guards the structure and is held only for moments, so that a worker which meets a
// new status code may add a series. `scrape_mutex_` is held during a whole scrape and while series
// are removed: a scrape then reads series without holding up anybody who adds some.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "host/telemetry/metric_family.h"
#include "host/telemetry/shard.h"
#include "host/telemetry/slot_allocator.h"

namespace prometheus {
struct ClientMetric;
struct MetricFamily;
}  // namespace prometheus

namespace meshhost {

// Owned by the Host, outlives all handles. Any thread, except where a function says otherwise.
class Registry final {
 public:
  struct Options {
    std::uint32_t workers = 1;
    std::uint32_t max_series_per_family = 10000;
  };

  explicit Registry(const Options& options);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  std::uint32_t workers() const { return static_cast<std::uint32_t>(worker_shards_.size()); }
  Shard& worker(std::uint32_t index) { return *worker_shards_[index]; }
  SharedShard& shared() { return shared_shard_; }

  // A token for AddX() and RemoveOwner(): one for each generation of a module.
  MetricOwner NewOwner();

  // Defines a family or finds it again: the same name with the same shape gives the same family.
  // Another shape, or a name of the host claimed by a module, is AlreadyExists.
  absl::StatusOr<FamilyId> Define(const FamilySpec& spec, MetricOwner owner = kHostOwner);

  // The series with these label values, made when new. Beyond the cap of the family all further
  // values share one series whose labels read "__other__".
  absl::StatusOr<CounterId> Counter(FamilyId, const LabelValues&, MetricOwner = kHostOwner);
  absl::StatusOr<RealCounterId> RealCounter(FamilyId, const LabelValues&, MetricOwner = kHostOwner);
  absl::StatusOr<LevelId> Level(FamilyId, const LabelValues&, MetricOwner = kHostOwner);
  absl::StatusOr<GaugeId> Gauge(FamilyId, const LabelValues&, MetricOwner = kHostOwner);
  absl::StatusOr<HistogramId> Histogram(FamilyId, const LabelValues&, MetricOwner = kHostOwner);
  absl::StatusOr<RealHistogramId> RealHistogram(FamilyId, const LabelValues&,
                                                MetricOwner = kHostOwner);

  // The buckets of all series of a kHistogram family.
  const HistogramLayout& Layout(FamilyId family) const;

  // `read` runs on the thread of each scrape until its owner is removed; it must not call back into
  // the Registry.
  absl::Status Callback(FamilyId, const LabelValues&, std::function<double()> read,
                        MetricOwner = kHostOwner);

  // Ends the series and families that only `owner` kept. No handle of them may be used any more.
  // Waits for a running scrape: control thread only.
  void RemoveOwner(MetricOwner owner);

  // A snapshot, by name. Never makes a writer wait.
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  struct Series;
  friend struct MetricFamilyState;

  absl::StatusOr<Series*> FindOrAdd(MetricFamilyState& family, const LabelValues& values,
                                    MetricOwner owner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::uint32_t> SlotOf(FamilyId family, MetricKind kind, const LabelValues& values,
                                       MetricOwner owner);
  absl::Status AllocateSlots(MetricFamilyState& family, Series& series)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReleaseSlots(const MetricFamilyState& family, const Series& series)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddChunk(std::uint32_t index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RemoveSeries(MetricFamilyState& family, MetricOwner owner)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  prometheus::MetricFamily Snapshot(const MetricFamilyState& family) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(scrape_mutex_) ABSL_LOCKS_EXCLUDED(mutex_);
  void ReadValue(const FamilySpec& spec, const Series& series,
                 prometheus::ClientMetric& metric) const;
  void ReadHistogram(const FamilySpec& spec, std::uint32_t slot,
                     prometheus::ClientMetric& metric) const;
  std::uint64_t Sum(std::uint32_t slot) const;
  double RealSum(std::uint32_t slot) const;

  const std::uint32_t max_series_per_family_;
  std::vector<std::unique_ptr<Shard>> worker_shards_;  // fixed at construction
  SharedShard shared_shard_;
  CounterId overflow_;

  mutable absl::Mutex scrape_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  mutable absl::Mutex mutex_;
  std::map<std::string, std::unique_ptr<MetricFamilyState>> families_ ABSL_GUARDED_BY(mutex_);
  SlotAllocator slots_ ABSL_GUARDED_BY(mutex_);
  MetricOwner last_owner_ ABSL_GUARDED_BY(mutex_) = kHostOwner;
};

}  // namespace meshhost
