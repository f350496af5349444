// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/endpoint_metrics.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/unit/telemetry/scrape.h"

namespace meshhost {
namespace {

class EndpointMetricsTest : public testing::Test {
 protected:
  std::unique_ptr<EndpointMetrics> Make(const Endpoint& endpoint, MetricOwner owner = kHostOwner) {
    return EndpointMetrics::Make(registry_, families_, endpoint, owner).value();
  }
  std::optional<std::string> Value(std::string_view name) { return Sample(registry_, name); }

  Registry registry_{{.workers = 2}};
  EndpointFamilies families_ = EndpointFamilies::Define(registry_).value();
};

Endpoint Method() { return {.kind = Kind::kGrpc, .name = "a.B/C", .verb = "POST", .module = "m"}; }
Endpoint Route() { return {.kind = Kind::kHttp, .name = "/v1/{id}", .verb = "GET", .module = "m"}; }
Endpoint Socket() {
  return {.kind = Kind::kWebSocket, .name = "/chat", .verb = "GET", .module = "m"};
}

TEST_F(EndpointMetricsTest, S17_CountsAGrpcCallByMethodAndCode) {
  auto metrics = Make(Method());
  const Final ok{.http_status = 200,
                 .request_bytes = 10,
                 .response_bytes = 20,
                 .request_messages = 1,
                 .response_messages = 2};
  const Final failed{.code = Code::kNotFound, .http_status = 200};
  metrics->Started(registry_.worker(0));
  metrics->Started(registry_.worker(0));
  metrics->Started(registry_.worker(0));
  metrics->Finished(registry_.worker(0), {.duration_ns = 2'000'000, .final = ok});
  metrics->Finished(registry_.worker(0), {.duration_ns = 1, .final = failed});
  const std::string labels = "rpc_system_name=\"grpc\",rpc_method=\"a.B/C\"";
  const std::string method = "{" + labels + ",module=\"m\"}";
  EXPECT_EQ(Value("rpc_server_call_duration_seconds_count{" + labels +
                  ",rpc_status_code=\"OK\",module=\"m\"}"),
            "1");
  EXPECT_EQ(Value("rpc_server_call_duration_seconds_bucket{" + labels +
                  ",rpc_status_code=\"NOT_FOUND\",module=\"m\",le=\"0.0005\"}"),
            "1");
  EXPECT_EQ(Value("rpc_server_active_calls" + method), "1");
  EXPECT_EQ(Value("rpc_server_request_messages_total" + method), "1");
  EXPECT_EQ(Value("rpc_server_response_messages_total" + method), "2");
  EXPECT_EQ(Value("rpc_server_request_bytes_total" + method), "10");
  EXPECT_EQ(Value("rpc_server_response_bytes_total" + method), "20");
}

TEST_F(EndpointMetricsTest, ShowsTheSuccessesOfAMethodBeforeTheFirst) {
  auto metrics = Make(Method());
  EXPECT_EQ(Value("rpc_server_call_duration_seconds_count{rpc_system_name=\"grpc\","
                  "rpc_method=\"a.B/C\",rpc_status_code=\"OK\",module=\"m\"}"),
            "0");
}

TEST_F(EndpointMetricsTest, S17_CountsAnHttpRequestByRouteStatusVersionAndScheme) {
  auto metrics = Make(Route());
  const Final found{.http_status = 200, .request_bytes = 0, .response_bytes = 300};
  const Final strange{.http_status = 299};
  metrics->Started(registry_.worker(1));
  metrics->Finished(
      registry_.worker(1),
      {.version = HttpVersion::kHttp2, .tls = true, .duration_ns = 1, .final = found});
  metrics->Started(registry_.worker(1));
  metrics->Finished(registry_.worker(1), {.duration_ns = 1, .final = strange});
  EXPECT_EQ(Value("http_server_request_duration_seconds_count{http_request_method=\"GET\","
                  "http_route=\"/v1/{id}\",http_response_status_code=\"200\","
                  "network_protocol_version=\"2\",url_scheme=\"https\",module=\"m\"}"),
            "1");
  EXPECT_EQ(Value("http_server_request_duration_seconds_count{http_request_method=\"GET\","
                  "http_route=\"/v1/{id}\",http_response_status_code=\"_OTHER\","
                  "network_protocol_version=\"1.1\",url_scheme=\"http\",module=\"m\"}"),
            "1");
  const std::string route = "{http_request_method=\"GET\",http_route=\"/v1/{id}\",module=\"m\"}";
  EXPECT_EQ(Value("http_server_active_requests" + route), "0");
  EXPECT_EQ(Value("http_server_response_body_size_bytes_sum" + route), "300");
  EXPECT_EQ(Value("http_server_request_body_size_bytes_count" + route), "2");
}

TEST_F(EndpointMetricsTest, NamesWhatHasNoRouteWithoutTakingThePeersWords) {
  auto metrics = Make({.kind = Kind::kHttp});
  const Final missing{
      .code = Code::kNotFound, .reason = Reason::kRouteNotFound, .http_status = 404};
  metrics->Started(registry_.worker(0));
  metrics->Finished(registry_.worker(0), {.duration_ns = 1, .final = missing});
  EXPECT_EQ(Value("http_server_request_duration_seconds_count{http_request_method=\"_OTHER\","
                  "http_route=\"_OTHER\",http_response_status_code=\"404\","
                  "network_protocol_version=\"1.1\",url_scheme=\"http\",module=\"host\"}"),
            "1");
  EXPECT_EQ(Value("meshhost_refusals_total{protocol=\"http\",reason=\"ROUTE_NOT_FOUND\","
                  "module=\"host\"}"),
            "1");
}

TEST_F(EndpointMetricsTest, CountsAWebSocketSessionByCloseCode) {
  auto metrics = Make(Socket());
  for (int status : {1000, 1000, 1014, 3000, 4999, 503, 77}) {
    const Final final{.http_status = status, .request_messages = 1, .response_messages = 3};
    metrics->Started(registry_.worker(0));
    metrics->Finished(registry_.worker(0), {.duration_ns = 5'000'000'000, .final = final});
  }
  const auto count = [this](std::string_view status) {
    return Value(
        "websocket_server_session_duration_seconds_count{http_route=\"/chat\","
        "websocket_status=\"" +
        std::string(status) + "\",module=\"m\"}");
  };
  EXPECT_EQ(count("1000"), "2");
  EXPECT_EQ(count("1014"), "1");
  EXPECT_EQ(count("application"), "2");
  EXPECT_EQ(count("503"), "1");
  EXPECT_EQ(count("_OTHER"), "1");
  const std::string route = "{http_route=\"/chat\",module=\"m\"}";
  EXPECT_EQ(Value("websocket_server_active_sessions" + route), "0");
  EXPECT_EQ(Value("websocket_server_request_messages_total" + route), "7");
  EXPECT_EQ(Value("websocket_server_response_messages_total" + route), "21");
}

TEST_F(EndpointMetricsTest, EndWithTheirGeneration) {
  const MetricOwner owner = registry_.NewOwner();
  auto metrics = Make(Method(), owner);
  const Final failed{.code = Code::kInternal, .reason = Reason::kModuleFailed};
  metrics->Started(registry_.worker(0));
  metrics->Finished(registry_.worker(0), {.duration_ns = 1, .final = failed});
  metrics.reset();
  registry_.RemoveOwner(owner);
  EXPECT_EQ(Expose(registry_, ExpositionFormat::kText).find("rpc_server"), std::string::npos);
}

// Two workers meet each status first at the same time; the counts of both are in one series.
TEST_F(EndpointMetricsTest, AgreeOnSeriesThatTwoWorkersMakeAtOnce) {
  auto grpc = Make(Method());
  auto http = Make(Route());
  const auto run = [&](std::uint32_t worker) {
    for (int i = 0; i < 1000; ++i) {
      const Final final{.code = static_cast<Code>(i % kCodeCount), .http_status = 100 + i % 500};
      grpc->Finished(registry_.worker(worker), {.duration_ns = 1, .final = final});
      http->Finished(registry_.worker(worker), {.duration_ns = 1, .final = final});
    }
  };
  std::thread other([&run] { run(1); });
  run(0);
  other.join();
  EXPECT_EQ(Value("rpc_server_call_duration_seconds_count{rpc_system_name=\"grpc\","
                  "rpc_method=\"a.B/C\",rpc_status_code=\"CANCELLED\",module=\"m\"}"),
            "118");
  EXPECT_EQ(Value("http_server_request_duration_seconds_count{http_request_method=\"GET\","
                  "http_route=\"/v1/{id}\",http_response_status_code=\"404\","
                  "network_protocol_version=\"1.1\",url_scheme=\"http\",module=\"m\"}"),
            "4");
}

}  // namespace
}  // namespace meshhost
