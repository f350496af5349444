// SPDX-License-Identifier: Apache-2.0
//
// Goal: METRICS.md tells the truth about types and labels, not only about names. Method: compares
// its tables with what a scrape has.
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "tests/unit/telemetry/every_metric.h"

namespace meshhost {
namespace {

struct Documented {
  std::string type;
  std::set<std::string> labels;
};

std::map<std::string, Documented> ReadTables() {
  std::map<std::string, Documented> result;
  std::ifstream page(METRICS_PAGE);
  EXPECT_TRUE(page.is_open()) << METRICS_PAGE;
  const std::regex row(R"(^\| `(\w+)` \| (\w+) \| [^|]* \| ([^|]*) \| .* \|$)");
  const std::regex label(R"((?:^|, )`(\w+)`)");
  const std::regex remark(R"( ?\([^)]*\))");
  for (std::string line; std::getline(page, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    Documented& entry = result[match[1]];
    entry.type = match[2];
    const std::string labels = std::regex_replace(match[3].str(), remark, "");
    for (std::sregex_iterator it(labels.begin(), labels.end(), label), end; it != end; ++it)
      entry.labels.insert((*it)[1]);
  }
  return result;
}

std::string TypeName(prometheus::MetricType type) {
  if (type == prometheus::MetricType::Counter) return "counter";
  return type == prometheus::MetricType::Histogram ? "histogram" : "gauge";
}

TEST(MetricDocumentation, GivesTheTypeAndLabelsOfEachMetric) {
  const auto documented = ReadTables();
  const EveryMetric metrics;
  for (const prometheus::MetricFamily& family : metrics.registry().Collect()) {
    ASSERT_TRUE(documented.contains(family.name)) << family.name;
    const Documented& entry = documented.at(family.name);
    std::set<std::string> labels;
    for (const auto& label : family.metric.front().label) labels.insert(label.name);
    EXPECT_EQ(entry.type, TypeName(family.type)) << family.name;
    EXPECT_EQ(entry.labels, labels) << family.name;
  }
}

}  // namespace
}  // namespace meshhost
