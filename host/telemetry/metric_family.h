// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "host/telemetry/metric_id.h"

namespace meshhost {

enum class MetricKind {
  kCounter,        // CounterId
  kRealCounter,    // RealCounterId
  kLevel,          // LevelId, exposed as gauge
  kGauge,          // GaugeId
  kHistogram,      // HistogramId
  kRealHistogram,  // RealHistogramId
  kCallbackGauge,  // evaluated at scrape
  kCallbackCounter,
};

// Who keeps a series alive: the host for ever, or one generation of a module until RemoveOwner().
using MetricOwner = std::uint64_t;
inline constexpr MetricOwner kHostOwner = 0;

// What all series of one name share. Plain value.
struct FamilySpec {
  std::string name;
  std::string help;
  MetricKind kind = MetricKind::kCounter;
  std::vector<std::string> labels;
  HistogramLayout histogram;           // kHistogram only
  RealHistogramLayout real_histogram;  // kRealHistogram only
};

bool IsCounter(MetricKind kind);
bool IsHistogram(MetricKind kind);
// Slots that one series takes.
std::uint32_t SlotsOfSeries(const FamilySpec& spec);
// Do both mean the same family? Help texts may differ.
bool SameShape(const FamilySpec& a, const FamilySpec& b);
// InvalidArgument about a family.
absl::Status RefuseFamily(const FamilySpec& spec, std::string_view why);
// Names, labels and buckets as Prometheus and OpenMetrics both take them.
absl::Status CheckFamilySpec(const FamilySpec& spec);

struct MetricFamilyState;  // of the Registry

// A defined family. Valid as long as one owner of the family is alive.
class FamilyId final {
 public:
  FamilyId() = default;

 private:
  friend class Registry;
  explicit FamilyId(MetricFamilyState* state) : state_(state) {}
  MetricFamilyState* state_ = nullptr;
};

// Label values in the order of FamilySpec::labels.
using LabelValues = std::vector<std::string_view>;

// The value that stands for all label values beyond the cap of a family.
inline constexpr std::string_view kOverflowLabel = "__other__";
// The label that the overflow series keep, so each module pays for its own excess.
inline constexpr std::string_view kModuleLabel = "module";

}  // namespace meshhost
