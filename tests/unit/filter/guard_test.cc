// SPDX-License-Identifier: Apache-2.0
//
// What a guard's mode makes of its refusals, and what is left of them for operators.
#include "host/filter/guard.h"

#include <gtest/gtest.h>

#include "host/telemetry/endpoint_families.h"
#include "host/telemetry/registry.h"
#include "tests/unit/filter/filter_call.h"
#include "tests/unit/telemetry/scrape.h"

namespace meshhost {
namespace {

// Refuses everybody.
class RefusingFilter final : public Filter {
 public:
  explicit RefusingFilter(Guard& guard) : guard_(guard) {}
  std::string_view name() const override { return "policy"; }
  Verdict OnStart(Exchange& exchange, void*) override {
    return guard_.Refuse(exchange, Refusal(Reason::kPolicyDenied), {"rule-7", "no role"});
  }

 private:
  Guard& guard_;
};

class GuardTest : public testing::Test {
 protected:
  std::optional<std::string> Counted(std::string_view mode) {
    return Sample(registry_, "meshhost_guard_refusals_total{guard=\"policy\",mode=\"" +
                                 std::string(mode) + "\",reason=\"POLICY_DENIED\",module=\"m\"}");
  }

  Guard Make(GuardMode mode) {
    return Guard("policy", mode, registry_, families_.guard_refusals, "m", kHostOwner);
  }

  Registry registry_{{.workers = 1}};
  EndpointFamilies families_ = EndpointFamilies::Define(registry_).value();
  FakeLoop loop_;
};

TEST_F(GuardTest, S25_EnforceRefusesAndCounts) {
  Guard guard = Make(GuardMode::kEnforce);
  RefusingFilter filter(guard);
  const Chain chain({&filter});
  FilterCall call(loop_, {.kind = Kind::kHttp}, chain);
  call.Start();
  EXPECT_FALSE(call.reached());
  EXPECT_EQ(call.refusal(), Reason::kPolicyDenied);
  const Decision* decision = call.exchange().decisions();
  ASSERT_NE(decision, nullptr);
  EXPECT_EQ(decision->effect, Decision::Effect::kRefused);
  EXPECT_EQ(decision->rule, "rule-7");
  EXPECT_EQ(Counted("enforce"), "1");
}

TEST_F(GuardTest, S47_ShadowCountsWhatItWouldRefuseAndLetsItPass) {
  Guard guard = Make(GuardMode::kShadow);
  RefusingFilter filter(guard);
  const Chain chain({&filter, &filter});
  FilterCall call(loop_, {.kind = Kind::kHttp, .client_stream = true}, chain);
  call.Start();
  EXPECT_TRUE(call.reached());
  const Decision* decision = call.exchange().decisions();
  ASSERT_NE(decision, nullptr);
  EXPECT_EQ(decision->effect, Decision::Effect::kShadowRefused);
  EXPECT_EQ(decision->reason, Reason::kPolicyDenied);
  ASSERT_NE(decision->next, nullptr);
  EXPECT_EQ(decision->next->next, nullptr);
  EXPECT_EQ(Counted("shadow"), "2");
}

}  // namespace
}  // namespace meshhost
