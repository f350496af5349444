// SPDX-License-Identifier: Apache-2.0
#include "host/filter/in_flight_filter.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/filter/filter_call.h"

namespace meshhost {
namespace {

class InFlightFilterTest : public testing::Test {
 protected:
  FakeLoop loop_;
  InFlightLimit narrow_{1, 1};
  InFlightLimit wide_{2, 1};
  InFlightFilter both_{{{&narrow_, "narrow"}, {&wide_, "wide"}}};
  InFlightFilter wide_only_{{{&wide_, "wide"}}};
  Chain both_chain_{{&both_}};
  Chain wide_chain_{{&wide_only_}};
};

TEST_F(InFlightFilterTest, RefusesTheCallBeyondTheLimitAndAdmitsAgainAfterwards) {
  FilterCall first(loop_, {.client_stream = true}, both_chain_);
  first.Start();
  EXPECT_TRUE(first.reached());
  FilterCall second(loop_, {.client_stream = true}, both_chain_);
  second.Start();
  EXPECT_FALSE(second.reached());
  EXPECT_EQ(second.refusal(), Reason::kInFlightLimit);
  EXPECT_EQ(second.exchange().final().code, Code::kResourceExhausted);
  first.Answer(Code::kOk, 200);
  FilterCall third(loop_, {.client_stream = true}, both_chain_);
  third.Start();
  EXPECT_TRUE(third.reached());
}

// A refused call keeps nothing of the limits that it passed before the one that refused it.
TEST_F(InFlightFilterTest, GivesBackWhatARefusedCallHeld) {
  std::optional<FilterCall> one(std::in_place, loop_, Endpoint{.client_stream = true}, wide_chain_);
  std::optional<FilterCall> two(std::in_place, loop_, Endpoint{.client_stream = true}, wide_chain_);
  one->Start();
  two->Start();
  {
    FilterCall refused(loop_, {.client_stream = true}, both_chain_);
    refused.Start();
    EXPECT_EQ(refused.refusal(), Reason::kInFlightLimit);
  }
  one.reset();
  FilterCall next(loop_, {.client_stream = true}, both_chain_);
  next.Start();
  EXPECT_TRUE(next.reached());
}

}  // namespace
}  // namespace meshhost
