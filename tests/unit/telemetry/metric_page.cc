// SPDX-License-Identifier: Apache-2.0
//
// Prints a scrape with every metric of host/telemetry, for checkers that we did not write.
// Usage: metric_page text|openmetrics
#include <cstdio>
#include <string>
#include <string_view>

#include "host/telemetry/exposition.h"
#include "tests/unit/telemetry/every_metric.h"

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const bool open = std::string_view(argv[1]) == "openmetrics";
  const meshhost::EveryMetric metrics;
  const std::string page =
      meshhost::Expose(metrics.registry(), open ? meshhost::ExpositionFormat::kOpenMetrics
                                                : meshhost::ExpositionFormat::kText);
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
