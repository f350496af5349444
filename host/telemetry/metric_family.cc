// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/metric_family.h"

#include <prometheus/check_names.h>

#include <algorithm>
#include <set>

#include "host/base/concat.h"
#include "host/telemetry/slot_table.h"

namespace meshhost {
namespace {

template <typename T>
bool StrictlyAscending(const std::vector<T>& bounds) {
  return std::adjacent_find(bounds.begin(), bounds.end(),
                            [](const T& a, const T& b) { return !(a < b); }) == bounds.end();
}

absl::Status CheckLabels(const FamilySpec& spec) {
  std::set<std::string> seen;
  for (const std::string& label : spec.labels) {
    if (!prometheus::CheckLabelName(label) || label == "le" || label == "quantile")
      return RefuseFamily(spec, Concat({"\"", label, "\" is not a usable label name"}));
    if (!seen.insert(label).second)
      return RefuseFamily(spec, Concat({"label \"", label, "\" is given twice"}));
  }
  return absl::OkStatus();
}

absl::Status CheckName(const FamilySpec& spec) {
  if (!prometheus::CheckMetricName(spec.name)) return RefuseFamily(spec, "not a valid metric name");
  if (IsCounter(spec.kind) != spec.name.ends_with("_total"))
    return RefuseFamily(spec, "the names of counters, and of no others, end in _total");
  for (std::string_view suffix : {"_count", "_sum", "_bucket", "_created"})
    if (spec.name.ends_with(suffix))
      return RefuseFamily(spec, Concat({"the suffix ", suffix, " is reserved"}));
  return absl::OkStatus();
}

}  // namespace

bool IsCounter(MetricKind kind) {
  return kind == MetricKind::kCounter || kind == MetricKind::kRealCounter ||
         kind == MetricKind::kCallbackCounter;
}

bool IsHistogram(MetricKind kind) {
  return kind == MetricKind::kHistogram || kind == MetricKind::kRealHistogram;
}

std::uint32_t SlotsOfSeries(const FamilySpec& spec) {
  switch (spec.kind) {
    case MetricKind::kHistogram:
      return static_cast<std::uint32_t>(spec.histogram.raw.size()) + 2;
    case MetricKind::kRealHistogram:
      return static_cast<std::uint32_t>(spec.real_histogram.bounds.size()) + 2;
    case MetricKind::kCallbackGauge:
    case MetricKind::kCallbackCounter:
      return 0;
    default:
      return 1;
  }
}

bool SameShape(const FamilySpec& a, const FamilySpec& b) {
  return a.kind == b.kind && a.labels == b.labels && a.histogram.raw == b.histogram.raw &&
         a.histogram.per_unit == b.histogram.per_unit &&
         a.real_histogram.bounds == b.real_histogram.bounds;
}

absl::Status RefuseFamily(const FamilySpec& spec, std::string_view why) {
  return absl::InvalidArgumentError(Concat({"metric \"", spec.name, "\": ", why}));
}

absl::Status CheckFamilySpec(const FamilySpec& spec) {
  if (absl::Status status = CheckName(spec); !status.ok()) return status;
  if (spec.help.empty()) return RefuseFamily(spec, "help text is missing");
  if (IsHistogram(spec.kind) && SlotsOfSeries(spec) > SlotTable::kChunkSlots)
    return RefuseFamily(spec, "too many buckets");
  if (!StrictlyAscending(spec.histogram.raw) || !StrictlyAscending(spec.real_histogram.bounds))
    return RefuseFamily(spec, "buckets must ascend");
  return CheckLabels(spec);
}

}  // namespace meshhost
