// SPDX-License-Identifier: Apache-2.0
//
// mh.metrics/1: a module's metrics in the host's registry.
#include "host/module/host_tables.h"

namespace meshhost {
namespace {

mh_rc Define(mh_instance* instance, std::uint32_t type, mh_str name, mh_str help,
             const mh_str* labels, std::size_t n, const double* buckets, std::size_t n_buckets,
             mh_metric** out, mh_err* err) {
  if (out == nullptr) return Fail(err, MH_INVALID, "metric: nowhere to put the handle");
  ModuleInstance& module = From(instance);
  if (module.gone()) return MH_GONE;
  return Guarded(err, [&] {
    ModuleMetrics::Definition definition;
    definition.type = type;
    definition.name = ToView(name);
    definition.help = ToView(help);
    for (std::size_t i = 0; i < n; ++i) definition.labels.emplace_back(ToView(labels[i]));
    if (buckets != nullptr) definition.buckets.assign(buckets, buckets + n_buckets);
    absl::StatusOr<ModuleMetric*> metric = module.metrics().Define(definition);
    if (metric.ok()) *out = *metric;
    return ToRc(metric.status(), err);
  });
}

mh_rc Series(mh_metric* metric, const mh_str* values, std::size_t n, mh_series** out) {
  if (metric == nullptr || out == nullptr || (n > 0 && values == nullptr)) return MH_INVALID;
  return Guarded(nullptr, [&] {
    const auto& own = *static_cast<const ModuleMetric*>(metric);
    if (own.owner->closed()) return MH_GONE;
    absl::StatusOr<ModuleSeries*> series = own.owner->Series(own, {values, n});
    if (series.ok()) *out = *series;
    return ToRc(series.status(), nullptr);
  });
}

void Add(mh_series* series, double value) { static_cast<ModuleSeries*>(series)->Add(value); }
void Set(mh_series* series, double value) { static_cast<ModuleSeries*>(series)->Set(value); }
void Observe(mh_series* series, double value) {
  static_cast<ModuleSeries*>(series)->Observe(value);
}

}  // namespace

const mh_metrics_1& MetricsTable() {
  static constexpr mh_metrics_1 kTable = {sizeof(mh_metrics_1), Define, Series, Add, Set, Observe};
  return kTable;
}

}  // namespace meshhost
