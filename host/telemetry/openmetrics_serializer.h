// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/serializer.h>

#include <iosfwd>
#include <vector>

namespace meshhost {

// Writes a snapshot as OpenMetrics 1.0.0, which prometheus-cpp cannot. Differences to the text
// format: families of counters are named without _total, gauges whose name ends in _info are of
// type info, units are given, and the page ends with "# EOF". Stateless; any thread.
class OpenMetricsSerializer final : public prometheus::Serializer {
 public:
  using prometheus::Serializer::Serialize;
  void Serialize(std::ostream& out,
                 const std::vector<prometheus::MetricFamily>& families) const override;
};

}  // namespace meshhost
