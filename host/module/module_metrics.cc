// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_metrics.h"

#include <algorithm>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/call/buffer.h"
#include "host/module/crossing.h"
#include "host/telemetry/buckets.h"

namespace meshhost {
namespace {

bool IsMetricName(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

absl::StatusOr<MetricKind> KindOf(std::uint32_t type) {
  switch (type) {
    case MH_METRIC_COUNTER:
      return MetricKind::kRealCounter;
    case MH_METRIC_GAUGE:
      return MetricKind::kGauge;
    case MH_METRIC_HISTOGRAM:
      return MetricKind::kRealHistogram;
    default:
      return absl::InvalidArgumentError("no such metric type");
  }
}

absl::Status Check(const ModuleMetrics::Definition& definition) {
  const auto refuse = [&definition](std::string_view why) {
    return absl::InvalidArgumentError(Concat({"metric \"", definition.name, "\": ", why}));
  };
  if (!IsMetricName(definition.name)) return refuse("not a metric name");
  if (definition.type == MH_METRIC_COUNTER && !definition.name.ends_with("_total")) {
    return refuse("the name of a counter ends in _total");
  }
  for (const std::string& label : definition.labels) {
    if (!IsMetricName(label) || label.starts_with("__")) return refuse("malformed label name");
    if (label == kModuleLabel) return refuse("the label \"module\" is added by the host");
  }
  if (!std::is_sorted(definition.buckets.begin(), definition.buckets.end(), std::less_equal<>())) {
    return refuse("buckets are not ascending");
  }
  return absl::OkStatus();
}

}  // namespace

void ModuleSeries::Add(double value) {
  if (type == MH_METRIC_GAUGE) return registry->shared().Add(gauge, value);
  if (type != MH_METRIC_COUNTER || !(value >= 0)) return;
  const int worker = Crossing::Worker();
  if (worker == Crossing::kNoWorker) return registry->shared().Add(counter, value);
  registry->worker(worker).Add(counter, value);
}

void ModuleSeries::Set(double value) {
  if (type == MH_METRIC_GAUGE) registry->shared().Set(gauge, value);
}

void ModuleSeries::Observe(double value) {
  if (type != MH_METRIC_HISTOGRAM) return;
  const int worker = Crossing::Worker();
  if (worker == Crossing::kNoWorker) return registry->shared().Observe(histogram, value);
  registry->worker(worker).Observe(histogram, value);
}

ModuleMetrics::ModuleMetrics(Registry& registry, std::string module)
    : registry_(registry), module_(std::move(module)), owner_(registry.NewOwner()) {}

ModuleMetrics::~ModuleMetrics() { registry_.RemoveOwner(owner_); }

absl::StatusOr<ModuleMetric*> ModuleMetrics::Define(const Definition& definition) {
  RETURN_IF_ERROR(Check(definition));
  FamilySpec spec;
  ASSIGN_OR_RETURN(spec.kind, KindOf(definition.type));
  spec.name = definition.name;
  spec.help = definition.help;
  spec.labels.emplace_back(kModuleLabel);
  spec.labels.insert(spec.labels.end(), definition.labels.begin(), definition.labels.end());
  if (definition.type == MH_METRIC_HISTOGRAM) {
    spec.real_histogram.bounds =
        definition.buckets.empty() ? DefaultModuleBuckets() : definition.buckets;
  }
  ModuleMetric metric;
  ASSIGN_OR_RETURN(metric.family, registry_.Define(spec, owner_));
  metric.owner = this;
  metric.type = definition.type;
  metric.labels = definition.labels.size();
  absl::MutexLock lock(&mutex_);
  return &metrics_.emplace_back(metric);
}

absl::StatusOr<ModuleSeries*> ModuleMetrics::Series(const ModuleMetric& metric,
                                                    std::span<const mh_str> values) {
  if (values.size() != metric.labels) {
    return absl::InvalidArgumentError("as many values as the metric has labels are needed");
  }
  // The metric's address tells families apart.
  std::vector<std::string> key = {std::to_string(reinterpret_cast<std::uintptr_t>(&metric))};
  LabelValues labels = {module_};
  for (const mh_str& value : values) {
    key.emplace_back(ToView(value));
    labels.push_back(ToView(value));
  }
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<ModuleSeries>& series = series_[std::move(key)];
  if (series != nullptr) return series.get();
  auto made = std::make_unique<ModuleSeries>();
  made->registry = &registry_;
  made->type = metric.type;
  RETURN_IF_ERROR(Resolve(metric, labels, made.get()));
  series = std::move(made);
  return series.get();
}

absl::Status ModuleMetrics::Resolve(const ModuleMetric& metric, const LabelValues& values,
                                    ModuleSeries* series) {
  switch (metric.type) {
    case MH_METRIC_COUNTER: {
      ASSIGN_OR_RETURN(series->counter, registry_.RealCounter(metric.family, values, owner_));
      break;
    }
    case MH_METRIC_GAUGE: {
      ASSIGN_OR_RETURN(series->gauge, registry_.Gauge(metric.family, values, owner_));
      break;
    }
    default: {
      ASSIGN_OR_RETURN(series->histogram, registry_.RealHistogram(metric.family, values, owner_));
      break;
    }
  }
  return absl::OkStatus();
}

}  // namespace meshhost
