// SPDX-License-Identifier: Apache-2.0
//
// The chains as they are composed, with the metrics and access log filters in them.
#include "host/filter/filter_stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host/telemetry/access_log.h"
#include "host/telemetry/registry.h"
#include "tests/unit/filter/filter_call.h"
#include "tests/unit/telemetry/scrape.h"
#include "tests/unit/telemetry/temporary_log.h"

namespace meshhost {
namespace {

using nlohmann::json;
using testing::ElementsAre;

constexpr uint64_t kSecond = 1'000'000'000;

class FilterStackTest : public testing::Test {
 protected:
  FilterStackTest() {
    log_ = AccessLog::Open({.output = file_.output()}, 1).value();
    stack_ = Stack(log_.get());
  }

  // The host takes three calls at once.
  std::unique_ptr<FilterStack> Stack(AccessLog* log, uint32_t module_limit = 0) {
    return FilterStack::Make({registry_, log, listeners_, limits_, &config_}, {3, module_limit})
        .value();
  }

  std::vector<std::string_view> Names(const Endpoint& endpoint) {
    std::vector<std::string_view> names;
    for (const Chain::Link& link : stack_->ChainFor(endpoint).value()->links())
      names.push_back(link.filter->name());
    return names;
  }
  // The lines of the access log; ends it.
  std::vector<json> Lines() {
    stack_.reset();
    log_.reset();
    std::vector<json> lines;
    for (const std::string& line : file_.Lines()) lines.push_back(json::parse(line));
    return lines;
  }

  TemporaryLog file_;
  Config config_;
  Registry registry_{{.workers = 1}};
  ListenerMetrics listeners_ = ListenerMetrics::Make(registry_, {"main"}).value();
  InFlightLimits limits_{1};
  std::unique_ptr<AccessLog> log_;
  std::unique_ptr<FilterStack> stack_;
  FakeLoop loop_;
};

Endpoint Echo() {
  return {.kind = Kind::kGrpc,
          .client_stream = true,
          .name = "echo.v1.Echo/Bidi",
          .verb = "POST",
          .module = "echo"};
}

TEST_F(FilterStackTest, S25_OrdersTheFiltersTheSameForAllKinds) {
  for (Kind kind : {Kind::kGrpc, Kind::kHttp, Kind::kWebSocket}) {
    Endpoint endpoint = Echo();
    endpoint.kind = kind;
    EXPECT_THAT(Names(endpoint), ElementsAre("access_log", "metrics", "deadline", "in_flight"));
    endpoint.idle_timeout_ns = 1;
    EXPECT_THAT(Names(endpoint),
                ElementsAre("access_log", "metrics", "deadline", "idle", "in_flight"));
  }
}

TEST_F(FilterStackTest, LeavesOutTheAccessLogWhenItIsOff) {
  const auto stack = Stack(nullptr);
  EXPECT_EQ(stack->ChainFor(Echo()).value()->links().front().filter->name(), "metrics");
}

TEST_F(FilterStackTest, S25_CountsAndLogsAnAnsweredCall) {
  const std::vector<Header> fields = {{"x-request-id", "r-1"}};
  RequestHead head;
  head.version = HttpVersion::kHttp2;
  head.method = "POST";
  head.path = "/echo.v1.Echo/Bidi";
  head.query = "token=secret";
  head.headers = fields;
  const Chain* chain = stack_->ChainFor(Echo()).value();
  FilterCall call(loop_, Echo(), *chain, head);
  call.exchange().set_caller(CallerNamed("spiffe://a/b"));
  call.Start();
  call.Message("13 bytes long");
  EXPECT_EQ(Sample(registry_,
                   "rpc_server_active_calls{rpc_system_name=\"grpc\","
                   "rpc_method=\"echo.v1.Echo/Bidi\",module=\"echo\"}"),
            "1");
  call.Answer(Code::kOk, 200);
  EXPECT_EQ(Sample(registry_,
                   "rpc_server_call_duration_seconds_count{rpc_system_name=\"grpc\","
                   "rpc_method=\"echo.v1.Echo/Bidi\",rpc_status_code=\"OK\","
                   "module=\"echo\"}"),
            "1");
  EXPECT_EQ(Sample(registry_,
                   "meshhost_listener_call_duration_seconds_count{listener=\"main\","
                   "protocol=\"grpc\",result=\"ok\"}"),
            "1");
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].at("proto"), "grpc");
  EXPECT_EQ(lines[0].at("rpc"), "echo.v1.Echo/Bidi");
  EXPECT_EQ(lines[0].at("module"), "echo");
  EXPECT_EQ(lines[0].at("path"), "/echo.v1.Echo/Bidi");
  EXPECT_EQ(lines[0].at("grpc_code"), "OK");
  EXPECT_EQ(lines[0].at("bytes_in"), 13);
  EXPECT_EQ(lines[0].at("peer"), "192.0.2.7:41234");
  EXPECT_EQ(lines[0].at("user"), "spiffe://a/b");
  EXPECT_EQ(lines[0].at("request_id"), "r-1");
  EXPECT_FALSE(lines[0].contains("trace_id"));
  EXPECT_EQ(lines[0].dump().find("secret"), std::string::npos);
}

TEST_F(FilterStackTest, S25_CountsAndLogsARefusal) {
  Endpoint endpoint = Echo();
  endpoint.max_in_flight = 1;
  const Chain* chain = stack_->ChainFor(endpoint).value();
  FilterCall first(loop_, endpoint, *chain);
  first.Start();
  FilterCall second(loop_, endpoint, *chain);
  second.Start();
  EXPECT_EQ(second.refusal(), Reason::kInFlightLimit);
  second.End();
  EXPECT_EQ(Sample(registry_,
                   "meshhost_refusals_total{protocol=\"grpc\","
                   "reason=\"IN_FLIGHT_LIMIT\",module=\"echo\"}"),
            "1");
  first.End();
  EXPECT_EQ(Sample(registry_,
                   "rpc_server_active_calls{rpc_system_name=\"grpc\","
                   "rpc_method=\"echo.v1.Echo/Bidi\",module=\"echo\"}"),
            "0");
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("reason"), "IN_FLIGHT_LIMIT");
  EXPECT_EQ(lines[0].at("grpc_code"), "RESOURCE_EXHAUSTED");
}

TEST_F(FilterStackTest, LimitsAModuleAndTheHostAcrossEndpoints) {
  Endpoint one = Echo();
  one.module = "small";
  Endpoint two = one;
  two.name = "echo.v1.Echo/Other";
  const auto small = Stack(nullptr, 2);
  const Chain* one_chain = small->ChainFor(one).value();
  const Chain* two_chain = small->ChainFor(two).value();
  const Chain* echo_chain = stack_->ChainFor(Echo()).value();
  FilterCall first(loop_, one, *one_chain);
  FilterCall second(loop_, two, *two_chain);
  FilterCall beyond_module(loop_, one, *one_chain);
  FilterCall third(loop_, Echo(), *echo_chain);
  FilterCall beyond_host(loop_, Echo(), *echo_chain);
  for (FilterCall* call : {&first, &second, &beyond_module, &third, &beyond_host}) call->Start();
  EXPECT_TRUE(first.reached());
  EXPECT_TRUE(second.reached());
  EXPECT_EQ(beyond_module.refusal(), Reason::kInFlightLimit);
  EXPECT_TRUE(third.reached());
  EXPECT_EQ(beyond_host.refusal(), Reason::kInFlightLimit);
}

// Health checks are the host's own: they pass when everything else is refused.
TEST_F(FilterStackTest, AdmitsTheHostsOwnEndpointsBeyondTheLimit) {
  const Chain* chain = stack_->ChainFor(Echo()).value();
  std::vector<std::unique_ptr<FilterCall>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(std::make_unique<FilterCall>(loop_, Echo(), *chain));
    calls.back()->Start();
  }
  Endpoint health = Echo();
  health.name = "grpc.health.v1.Health/Check";
  health.module = "";
  FilterCall check(loop_, health, *stack_->ChainFor(health).value());
  check.Start();
  EXPECT_TRUE(check.reached());
}

TEST_F(FilterStackTest, S65_AppliesTheTimeOutOfTheEndpoint) {
  Endpoint endpoint = Echo();
  endpoint.timeout_ns = kSecond;
  FilterCall call(loop_, endpoint, *stack_->ChainFor(endpoint).value());
  call.Start();
  loop_.Pass(kSecond + TimerWheel::kTickNs);
  EXPECT_EQ(call.refusal(), Reason::kDeadlineExceeded);
}

// What began under the old settings counts against the new ones, and is not forgotten.
TEST_F(FilterStackTest, S74_ALimitGoesOnCountingWhenItsValueChanges) {
  Endpoint endpoint = Echo();
  endpoint.max_in_flight = 1;
  FilterCall first(loop_, endpoint, *stack_->ChainFor(endpoint).value());
  first.Start();
  const auto next = Stack(nullptr);
  endpoint.max_in_flight = 2;
  const Chain* chain = next->ChainFor(endpoint).value();
  next->ApplyLimits();
  FilterCall second(loop_, endpoint, *chain);
  FilterCall third(loop_, endpoint, *chain);
  second.Start();
  third.Start();
  EXPECT_TRUE(first.reached());
  EXPECT_TRUE(second.reached());
  EXPECT_EQ(third.refusal(), Reason::kInFlightLimit);
}

// A generation takes its series with it, unless the next one has them too.
TEST_F(FilterStackTest, S17_EndsTheSeriesOfAGenerationWithIt) {
  auto next = Stack(nullptr);
  ASSERT_TRUE(stack_->ChainFor(Echo()).ok());
  Endpoint dropped = Echo();
  dropped.name = "old.Service/Gone";
  ASSERT_TRUE(stack_->ChainFor(dropped).ok());
  ASSERT_TRUE(next->ChainFor(Echo()).ok());
  stack_.reset();
  const std::string page = Expose(registry_, ExpositionFormat::kText);
  EXPECT_EQ(page.find("old.Service/Gone"), std::string::npos);
  EXPECT_NE(page.find("echo.v1.Echo/Bidi"), std::string::npos);
}

}  // namespace
}  // namespace meshhost
