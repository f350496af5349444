// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/vitals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/telemetry/listener_metrics.h"
#include "host/telemetry/registry.h"

namespace meshhost {
namespace {

using testing::HasSubstr;
using testing::Optional;

constexpr uint64_t kMs = 1'000'000;

class VitalsTest : public testing::Test {
 protected:
  void Finish(int calls, uint64_t duration_ns, int status = 200) {
    for (int i = 0; i < calls; ++i) {
      listeners_.Finished(registry_.worker(0), "main", Kind::kHttp, {.http_status = status},
                          duration_ns);
    }
  }
  // What happened since the last call of it.
  Vitals::Rates Rates() {
    const Vitals now = Vitals::Read(registry_);
    const Vitals::Rates rates = now.Since(last_);
    last_ = now;
    return rates;
  }

  Registry registry_{{.workers = 1}};
  ListenerMetrics listeners_ = ListenerMetrics::Make(registry_, {"main"}).value();
  Vitals last_;
};

TEST_F(VitalsTest, S78_CountsWhatHappenedInBetween) {
  Finish(99, 2 * kMs);
  Finish(1, 2 * kMs, 503);
  const Vitals::Rates first = Rates();
  EXPECT_EQ(first.calls, 100u);
  EXPECT_DOUBLE_EQ(first.error_ratio, 0.01);
  EXPECT_DOUBLE_EQ(first.p99_seconds, 0.0025);
  EXPECT_EQ(Rates().calls, 0u);
  Finish(10, 300 * kMs, 404);
  const Vitals::Rates second = Rates();
  EXPECT_DOUBLE_EQ(second.error_ratio, 0);
  EXPECT_DOUBLE_EQ(second.p99_seconds, 0.5);
}

TEST_F(VitalsTest, S78_AsGoodIsNotWorse) {
  Finish(1000, 2 * kMs);
  const Vitals::Rates before = Rates();
  Finish(1000, 2 * kMs);
  EXPECT_EQ(Worse(before, Rates()), std::nullopt);
}

TEST_F(VitalsTest, S78_MoreServerErrorsAreWorse) {
  Finish(1000, 2 * kMs);
  const Vitals::Rates before = Rates();
  Finish(95, 2 * kMs);
  Finish(5, 2 * kMs, 500);
  EXPECT_THAT(Worse(before, Rates()),
              Optional(HasSubstr("server errors went from 0.0 % to 5.0 %")));
}

TEST_F(VitalsTest, S78_ErrorsOfClientsAreTheirs) {
  Finish(1000, 2 * kMs);
  const Vitals::Rates before = Rates();
  Finish(1000, 2 * kMs, 404);
  EXPECT_EQ(Worse(before, Rates()), std::nullopt);
}

TEST_F(VitalsTest, S78_ASlowerTailIsWorse) {
  Finish(1000, 2 * kMs);
  const Vitals::Rates before = Rates();
  Finish(950, 2 * kMs);
  Finish(50, 200 * kMs);
  EXPECT_THAT(Worse(before, Rates()), Optional(HasSubstr("p99 went from 3 ms to 250 ms")));
}

TEST_F(VitalsTest, S78_AFewCallsSayNothing) {
  Finish(1000, 2 * kMs);
  const Vitals::Rates before = Rates();
  Finish(19, 2 * kMs, 500);
  EXPECT_EQ(Worse(before, Rates()), std::nullopt);
}

}  // namespace
}  // namespace meshhost
