// SPDX-License-Identifier: Apache-2.0
//
// The module's own metrics in the host's registry; the host adds the label `module`. Define them in
// Register, keep the handles as members, and use them from any thread:
//
//   writes_ = mh::Counter(registry, "catalog_writes_total", "Items written.", {"op"});
//   writes_.With({"create"}).Add();
//
// With() takes a lock: keep its result where it is used often. The next generation of the module
// continues the same series.
#pragma once

#include <meshhost/abi/metrics.h>
#include <meshhost/module.h>

#include <initializer_list>
#include <string_view>
#include <vector>

namespace mh {

// One series: label values fixed. A plain value; does nothing when the host has no metrics.
class Series final {
 public:
  Series() = default;
  Series(const mh_metrics_1* host, mh_series* handle) : host_(host), handle_(handle) {}

  void Add(double amount = 1) const {
    if (handle_ != nullptr) host_->add(handle_, amount);
  }
  void Set(double value) const {
    if (handle_ != nullptr) host_->set(handle_, value);
  }
  void Observe(double value) const {
    if (handle_ != nullptr) host_->observe(handle_, value);
  }

 private:
  const mh_metrics_1* host_ = nullptr;
  mh_series* handle_ = nullptr;
};

// Keeps a gauge one higher while it lives: how many of something there are right now.
class Raised final {
 public:
  explicit Raised(Series gauge) : gauge_(gauge) { gauge_.Add(1); }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;
  ~Raised() { gauge_.Add(-1); }

 private:
  Series gauge_;
};

// A name with label names. A plain value.
class Metric {
 public:
  using Labels = std::initializer_list<std::string_view>;

  Metric() = default;

  // The series with these label values, in the order of the label names.
  Series With(Labels values) const {
    if (handle_ == nullptr) return Series();
    std::vector<mh_str> list;
    for (const std::string_view value : values) list.push_back(Str(value));
    mh_series* series = nullptr;
    if (host_->series(handle_, list.data(), list.size(), &series) != MH_OK) return Series();
    return Series(host_, series);
  }
  // The only series of a metric without labels.
  Series One() const { return With({}); }

 protected:
  Metric(Registry& registry, uint32_t type, std::string_view name, std::string_view help,
         Labels labels, std::initializer_list<double> buckets)
      : host_(registry.Require<mh_metrics_1>(MH_METRICS_1)) {
    if (host_ == nullptr) return;
    std::vector<mh_str> list;
    for (const std::string_view label : labels) list.push_back(Str(label));
    mh_err err = {sizeof(mh_err), 0, ""};
    const mh_rc rc =
        host_->define(registry.host().instance(), type, Str(name), Str(help), list.data(),
                      list.size(), buckets.begin(), buckets.size(), &handle_, &err);
    registry.Check(FromHost(rc, err, name));
  }

 private:
  const mh_metrics_1* host_ = nullptr;
  mh_metric* handle_ = nullptr;
};

// Only goes up; name ends in _total.
class Counter final : public Metric {
 public:
  Counter() = default;
  Counter(Registry& registry, std::string_view name, std::string_view help, Labels labels = {})
      : Metric(registry, MH_METRIC_COUNTER, name, help, labels, {}) {}
};

class Gauge final : public Metric {
 public:
  Gauge() = default;
  Gauge(Registry& registry, std::string_view name, std::string_view help, Labels labels = {})
      : Metric(registry, MH_METRIC_GAUGE, name, help, labels, {}) {}
};

// buckets: ascending upper bounds; empty = the host's default for seconds.
class Histogram final : public Metric {
 public:
  Histogram() = default;
  Histogram(Registry& registry, std::string_view name, std::string_view help, Labels labels = {},
            std::initializer_list<double> buckets = {})
      : Metric(registry, MH_METRIC_HISTOGRAM, name, help, labels, buckets) {}
};

}  // namespace mh
