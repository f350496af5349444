// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/openmetrics_serializer.h"

#include <prometheus/metric_family.h>

#include <charconv>
#include <cmath>
#include <ostream>
#include <string>
#include <string_view>

namespace meshhost {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

void AppendEscaped(std::string& page, std::string_view text) {
  for (char c : text) {
    if (c == '\n') {
      page += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') page += '\\';
    page += c;
  }
}

void AppendNumber(std::string& page, double value) {
  if (std::isnan(value)) {
    page += "NaN";
    return;
  }
  if (std::isinf(value)) {
    page += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  // Plain decimals where they are readable: `le` then has the same digits as in the text format.
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-7 && size < 1e17);
  char buffer[64];
  const auto end =
      plain ? std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed)
            : std::to_chars(buffer, buffer + sizeof buffer, value);
  page.append(buffer, end.ptr);
}

// Bounds are written as floats ("1.0"), as the specification asks for in `le`.
void AppendBound(std::string& page, double bound) {
  const std::size_t start = page.size();
  AppendNumber(page, bound);
  if (std::isfinite(bound) && page.find_first_of(".e", start) == std::string::npos) page += ".0";
}

void AppendLabels(std::string& page, const ClientMetric& metric, const double* bound) {
  if (metric.label.empty() && bound == nullptr) return;
  char separator = '{';
  for (const ClientMetric::Label& label : metric.label) {
    page += separator;
    page.append(label.name).append("=\"");
    AppendEscaped(page, label.value);
    page += '"';
    separator = ',';
  }
  if (bound != nullptr) {
    page += separator;
    page += "le=\"";
    AppendBound(page, *bound);
    page += '"';
  }
  page += '}';
}

void AppendSample(std::string& page, std::string_view name, std::string_view suffix,
                  const ClientMetric& metric, double value, const double* bound = nullptr) {
  page.append(name).append(suffix);
  AppendLabels(page, metric, bound);
  page += ' ';
  AppendNumber(page, value);
  page += '\n';
}

void AppendHistogram(std::string& page, std::string_view name, const ClientMetric& metric) {
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket)
    AppendSample(page, name, "_bucket", metric, static_cast<double>(bucket.cumulative_count),
                 &bucket.upper_bound);
  AppendSample(page, name, "_count", metric, static_cast<double>(metric.histogram.sample_count));
  AppendSample(page, name, "_sum", metric, metric.histogram.sample_sum);
}

std::string_view WithoutSuffix(std::string_view name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

// The type that a family has in OpenMetrics: its word, the suffix of its samples, and its name.
struct Exposed {
  std::string_view type;
  std::string_view suffix;
  std::string_view name;
};

Exposed ExposedAs(const MetricFamily& family) {
  switch (family.type) {
    case MetricType::Counter:
      return {"counter", "_total", WithoutSuffix(family.name, "_total")};
    case MetricType::Histogram:
      return {"histogram", "", family.name};
    case MetricType::Gauge:
      if (family.name.ends_with("_info"))
        return {"info", "_info", WithoutSuffix(family.name, "_info")};
      return {"gauge", "", family.name};
    default:
      return {"unknown", "", family.name};
  }
}

std::string_view UnitOf(std::string_view name) {
  for (std::string_view unit : {"seconds", "bytes"})
    if (name.ends_with(unit) && name.size() > unit.size() &&
        name[name.size() - unit.size() - 1] == '_')
      return unit;
  return {};
}

void AppendMetadata(std::string& page, std::string_view keyword, std::string_view name,
                    std::string_view text) {
  page.append("# ").append(keyword).append(" ").append(name).append(" ");
  AppendEscaped(page, text);
  page += '\n';
}

void AppendFamily(std::string& page, const MetricFamily& family) {
  const Exposed exposed = ExposedAs(family);
  AppendMetadata(page, "TYPE", exposed.name, exposed.type);
  const std::string_view unit = UnitOf(exposed.name);
  if (!unit.empty()) AppendMetadata(page, "UNIT", exposed.name, unit);
  AppendMetadata(page, "HELP", exposed.name, family.help);
  for (const ClientMetric& metric : family.metric) {
    if (family.type == MetricType::Histogram) {
      AppendHistogram(page, exposed.name, metric);
      continue;
    }
    const double value =
        family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value;
    AppendSample(page, exposed.name, exposed.suffix, metric, value);
  }
}

}  // namespace

void OpenMetricsSerializer::Serialize(std::ostream& out,
                                      const std::vector<MetricFamily>& families) const {
  std::string page;
  for (const MetricFamily& family : families) {
    AppendFamily(page, family);
    out << page;
    page.clear();
  }
  out << "# EOF\n";
}

}  // namespace meshhost
