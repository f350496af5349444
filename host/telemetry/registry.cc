// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/registry.h"

#include <prometheus/metric_family.h>

#include <bit>
#include <limits>
#include <set>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"

namespace meshhost {

// One series. Built under Registry::mutex_ and then constant but for its owners, so a scrape reads
// it without that mutex; only RemoveOwner() destroys it, which keeps out of scrapes.
struct Registry::Series {
  std::vector<std::string> values;
  std::uint32_t slot = kDiscardSlot;
  bool overflow = false;
  std::set<MetricOwner> owners;
  // Callback kinds only. By owner, since a new generation that is given up leaves the old one's.
  std::map<MetricOwner, std::function<double()>> reads;
};

struct MetricFamilyState {
  FamilySpec spec;
  std::uint32_t run = 0;  // slots of one series
  std::map<std::vector<std::string>, std::unique_ptr<Registry::Series>> series;
  std::uint32_t overflowed = 0;  // how many of `series` are overflow series
  std::set<MetricOwner> owners;
};

namespace {

// What the series of all values beyond the cap is called.
std::vector<std::string> OverflowValues(const FamilySpec& spec, const LabelValues& values) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < values.size(); ++i)
    result.emplace_back(spec.labels[i] == kModuleLabel ? values[i] : kOverflowLabel);
  return result;
}

prometheus::MetricType ExposedType(MetricKind kind) {
  if (IsCounter(kind)) return prometheus::MetricType::Counter;
  if (IsHistogram(kind)) return prometheus::MetricType::Histogram;
  return prometheus::MetricType::Gauge;
}

}  // namespace

Registry::Registry(const Options& options) : max_series_per_family_(options.max_series_per_family) {
  for (std::uint32_t i = 0; i < options.workers; ++i)
    worker_shards_.push_back(std::make_unique<Shard>());
  {
    absl::MutexLock lock(&mutex_);
    AddChunk(0);
  }
  auto family = Define({.name = "meshhost_metrics_overflow_total",
                        .help = "Requests for a new series that got the overflow series instead, "
                                "since the family had reached its cap.",
                        .kind = MetricKind::kCounter});
  auto counter = Counter(*family, {});
  overflow_ = *counter;
}

Registry::~Registry() = default;

MetricOwner Registry::NewOwner() {
  absl::MutexLock lock(&mutex_);
  return ++last_owner_;
}

absl::StatusOr<FamilyId> Registry::Define(const FamilySpec& spec, MetricOwner owner) {
  RETURN_IF_ERROR(CheckFamilySpec(spec));
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<MetricFamilyState>& family = families_[spec.name];
  if (family == nullptr) {
    family = std::make_unique<MetricFamilyState>();
    family->spec = spec;
    family->run = SlotsOfSeries(spec);
  } else if (!SameShape(family->spec, spec)) {
    return absl::AlreadyExistsError(Concat(
        {"metric \"", spec.name, "\": already defined with another type, labels or buckets"}));
  } else if (owner != kHostOwner && family->owners.contains(kHostOwner)) {
    return absl::AlreadyExistsError(
        Concat({"metric \"", spec.name, "\": the name belongs to the host"}));
  }
  family->owners.insert(owner);
  return FamilyId(family.get());
}

absl::StatusOr<Registry::Series*> Registry::FindOrAdd(MetricFamilyState& family,
                                                      const LabelValues& values,
                                                      MetricOwner owner) {
  if (values.size() != family.spec.labels.size())
    return RefuseFamily(family.spec, "wrong number of label values");
  std::vector<std::string> key(values.begin(), values.end());
  auto found = family.series.find(key);
  const bool overflow = found == family.series.end() &&
                        family.series.size() - family.overflowed >= max_series_per_family_;
  if (overflow) {
    shared_shard_.Add(overflow_);
    key = OverflowValues(family.spec, values);
    found = family.series.find(key);
  }
  if (found == family.series.end()) {
    auto series = std::make_unique<Series>();
    series->values = key;
    series->overflow = overflow;
    RETURN_IF_ERROR(AllocateSlots(family, *series));
    if (overflow) ++family.overflowed;
    found = family.series.emplace(std::move(key), std::move(series)).first;
  }
  found->second->owners.insert(owner);
  return found->second.get();
}

absl::Status Registry::AllocateSlots(MetricFamilyState& family, Series& series) {
  if (family.run == 0) return absl::OkStatus();
  const std::uint32_t chunks = slots_.chunks();
  std::optional<std::uint32_t> slot = slots_.Take(family.run);
  if (!slot)
    return absl::ResourceExhaustedError(
        Concat({"metric \"", family.spec.name, "\": no room for more series"}));
  for (std::uint32_t index = chunks; index < slots_.chunks(); ++index) AddChunk(index);
  series.slot = *slot;
  return absl::OkStatus();
}

void Registry::AddChunk(std::uint32_t index) {
  for (auto& shard : worker_shards_) shard->table_.AddChunk(index);
  shared_shard_.table_.AddChunk(index);
}

void Registry::ReleaseSlots(const MetricFamilyState& family, const Series& series) {
  if (family.run == 0) return;
  for (std::uint32_t slot = series.slot; slot < series.slot + family.run; ++slot) {
    for (auto& shard : worker_shards_) shard->table_.Slot(slot).store(0, std::memory_order_relaxed);
    shared_shard_.table_.Slot(slot).store(0, std::memory_order_relaxed);
  }
  slots_.Give(series.slot, family.run);
}

absl::StatusOr<std::uint32_t> Registry::SlotOf(FamilyId family, MetricKind kind,
                                               const LabelValues& values, MetricOwner owner) {
  if (family.state_ == nullptr) return absl::InvalidArgumentError("metric family is not defined");
  absl::MutexLock lock(&mutex_);
  if (family.state_->spec.kind != kind)
    return RefuseFamily(family.state_->spec, "is of another type");
  absl::StatusOr<Series*> series = FindOrAdd(*family.state_, values, owner);
  if (!series.ok()) return series.status();
  return (*series)->slot;
}

absl::StatusOr<CounterId> Registry::Counter(FamilyId family, const LabelValues& values,
                                            MetricOwner owner) {
  ASSIGN_OR_RETURN(std::uint32_t slot, SlotOf(family, MetricKind::kCounter, values, owner));
  return CounterId{slot};
}

absl::StatusOr<RealCounterId> Registry::RealCounter(FamilyId family, const LabelValues& values,
                                                    MetricOwner owner) {
  ASSIGN_OR_RETURN(std::uint32_t slot, SlotOf(family, MetricKind::kRealCounter, values, owner));
  return RealCounterId{slot};
}

absl::StatusOr<LevelId> Registry::Level(FamilyId family, const LabelValues& values,
                                        MetricOwner owner) {
  ASSIGN_OR_RETURN(std::uint32_t slot, SlotOf(family, MetricKind::kLevel, values, owner));
  return LevelId{slot};
}

absl::StatusOr<GaugeId> Registry::Gauge(FamilyId family, const LabelValues& values,
                                        MetricOwner owner) {
  ASSIGN_OR_RETURN(std::uint32_t slot, SlotOf(family, MetricKind::kGauge, values, owner));
  return GaugeId{slot};
}

absl::StatusOr<HistogramId> Registry::Histogram(FamilyId family, const LabelValues& values,
                                                MetricOwner owner) {
  ASSIGN_OR_RETURN(std::uint32_t slot, SlotOf(family, MetricKind::kHistogram, values, owner));
  return HistogramId{slot, &family.state_->spec.histogram};
}

absl::StatusOr<RealHistogramId> Registry::RealHistogram(FamilyId family, const LabelValues& values,
                                                        MetricOwner owner) {
  ASSIGN_OR_RETURN(std::uint32_t slot, SlotOf(family, MetricKind::kRealHistogram, values, owner));
  return RealHistogramId{slot, &family.state_->spec.real_histogram};
}

const HistogramLayout& Registry::Layout(FamilyId family) const {
  return family.state_->spec.histogram;
}

absl::Status Registry::Callback(FamilyId family, const LabelValues& values,
                                std::function<double()> read, MetricOwner owner) {
  if (family.state_ == nullptr) return absl::InvalidArgumentError("metric family is not defined");
  // A series that exists already gets a new function, which no scrape may be running meanwhile.
  absl::MutexLock scrape_lock(&scrape_mutex_);
  absl::MutexLock lock(&mutex_);
  const FamilySpec& spec = family.state_->spec;
  if (spec.kind != MetricKind::kCallbackGauge && spec.kind != MetricKind::kCallbackCounter)
    return RefuseFamily(spec, "is of another type");
  absl::StatusOr<Series*> series = FindOrAdd(*family.state_, values, owner);
  if (!series.ok()) return series.status();
  (*series)->reads[owner] = std::move(read);
  return absl::OkStatus();
}

void Registry::RemoveOwner(MetricOwner owner) {
  absl::MutexLock scrape_lock(&scrape_mutex_);
  absl::MutexLock lock(&mutex_);
  for (auto family = families_.begin(); family != families_.end();) {
    MetricFamilyState& state = *family->second;
    RemoveSeries(state, owner);
    state.owners.erase(owner);
    family =
        state.owners.empty() && state.series.empty() ? families_.erase(family) : std::next(family);
  }
}

void Registry::RemoveSeries(MetricFamilyState& family, MetricOwner owner) {
  for (auto entry = family.series.begin(); entry != family.series.end();) {
    Series& series = *entry->second;
    series.owners.erase(owner);
    series.reads.erase(owner);
    if (!series.owners.empty()) {
      ++entry;
      continue;
    }
    ReleaseSlots(family, series);
    if (series.overflow) --family.overflowed;
    entry = family.series.erase(entry);
  }
}

std::vector<prometheus::MetricFamily> Registry::Collect() const {
  absl::MutexLock scrape_lock(&scrape_mutex_);
  std::vector<const MetricFamilyState*> families;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [name, family] : families_)
      if (!family->series.empty()) families.push_back(family.get());
  }
  std::vector<prometheus::MetricFamily> result;
  result.reserve(families.size());
  for (const MetricFamilyState* family : families) result.push_back(Snapshot(*family));
  return result;
}

prometheus::MetricFamily Registry::Snapshot(const MetricFamilyState& family) const {
  std::vector<const Series*> all;
  {
    absl::MutexLock lock(&mutex_);
    all.reserve(family.series.size());
    for (const auto& [values, series] : family.series) all.push_back(series.get());
  }
  prometheus::MetricFamily result{
      family.spec.name, family.spec.help, ExposedType(family.spec.kind), {}};
  result.metric.reserve(all.size());
  for (const Series* series : all) {
    prometheus::ClientMetric& metric = result.metric.emplace_back();
    metric.label.reserve(series->values.size());
    for (std::size_t i = 0; i < series->values.size(); ++i)
      metric.label.push_back({family.spec.labels[i], series->values[i]});
    ReadValue(family.spec, *series, metric);
  }
  return result;
}

void Registry::ReadValue(const FamilySpec& spec, const Series& series,
                         prometheus::ClientMetric& metric) const {
  switch (spec.kind) {
    case MetricKind::kCounter:
      metric.counter.value = static_cast<double>(Sum(series.slot));
      break;
    case MetricKind::kRealCounter:
      metric.counter.value = RealSum(series.slot);
      break;
    case MetricKind::kLevel:
      metric.gauge.value = static_cast<double>(static_cast<std::int64_t>(Sum(series.slot)));
      break;
    case MetricKind::kGauge:
      metric.gauge.value = RealSum(series.slot);
      break;
    case MetricKind::kCallbackGauge:
      metric.gauge.value = series.reads.rbegin()->second();
      break;
    case MetricKind::kCallbackCounter:
      metric.counter.value = series.reads.rbegin()->second();
      break;
    case MetricKind::kHistogram:
    case MetricKind::kRealHistogram:
      ReadHistogram(spec, series.slot, metric);
      break;
  }
}

void Registry::ReadHistogram(const FamilySpec& spec, std::uint32_t slot,
                             prometheus::ClientMetric& metric) const {
  const bool real = spec.kind == MetricKind::kRealHistogram;
  std::vector<double> bounds = spec.real_histogram.bounds;
  for (std::uint64_t raw : spec.histogram.raw)
    bounds.push_back(static_cast<double>(raw) / spec.histogram.per_unit);
  bounds.push_back(std::numeric_limits<double>::infinity());

  std::uint64_t count = 0;
  metric.histogram.bucket.reserve(bounds.size());
  for (double bound : bounds) {
    count += Sum(slot++);
    metric.histogram.bucket.push_back({count, bound});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum =
      real ? RealSum(slot) : static_cast<double>(Sum(slot)) / spec.histogram.per_unit;
}

std::uint64_t Registry::Sum(std::uint32_t slot) const {
  std::uint64_t sum = shared_shard_.table_.Slot(slot).load(std::memory_order_relaxed);
  for (const auto& shard : worker_shards_)
    sum += shard->table_.Slot(slot).load(std::memory_order_relaxed);
  return sum;
}

double Registry::RealSum(std::uint32_t slot) const {
  double sum =
      std::bit_cast<double>(shared_shard_.table_.Slot(slot).load(std::memory_order_relaxed));
  for (const auto& shard : worker_shards_)
    sum += std::bit_cast<double>(shard->table_.Slot(slot).load(std::memory_order_relaxed));
  return sum;
}

}  // namespace meshhost
