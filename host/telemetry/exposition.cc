// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/exposition.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <charconv>
#include <vector>

#include "host/telemetry/openmetrics_serializer.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Cuts the part before `separator` off `rest`.
std::string_view NextPart(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return Trim(part);
}

// One media range of an Accept header, as far as we care.
struct MediaRange {
  std::string_view type;
  std::string_view version;
  double weight = 1;
};

MediaRange ParseMediaRange(std::string_view text) {
  MediaRange range{.type = NextPart(text, ';')};
  while (!text.empty()) {
    std::string_view parameter = NextPart(text, ';');
    std::string_view name = NextPart(parameter, '=');
    if (name == "version") range.version = parameter;
    if (name != "q") continue;
    const auto [end, error] =
        std::from_chars(parameter.data(), parameter.data() + parameter.size(), range.weight);
    if (error != std::errc()) range.weight = 0;
  }
  return range;
}

}  // namespace

ExpositionFormat NegotiateFormat(std::string_view accept) {
  double open_metrics = 0;
  double text = 0;
  while (!accept.empty()) {
    const MediaRange range = ParseMediaRange(NextPart(accept, ','));
    const bool known_version = range.version.empty() || range.version == "1.0.0";
    if (range.type == "application/openmetrics-text" && known_version)
      open_metrics = std::max(open_metrics, range.weight);
    if (range.type == "text/plain" || range.type == "text/*" || range.type == "*/*")
      text = std::max(text, range.weight);
  }
  const bool wanted = open_metrics > 0 && open_metrics >= text;
  return wanted ? ExpositionFormat::kOpenMetrics : ExpositionFormat::kText;
}

std::string_view ContentTypeOf(ExpositionFormat format) {
  return format == ExpositionFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string Expose(const Registry& registry, ExpositionFormat format) {
  const std::vector<prometheus::MetricFamily> families = registry.Collect();
  if (format == ExpositionFormat::kOpenMetrics) return OpenMetricsSerializer().Serialize(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace meshhost
