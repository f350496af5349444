// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/listener_metrics.h"

#include <gtest/gtest.h>

#include "tests/unit/telemetry/scrape.h"

namespace meshhost {
namespace {

TEST(ListenerMetrics, S17_TellsSuccessFromTheFaultsOfEitherSide) {
  Registry registry({.workers = 1});
  const ListenerMetrics metrics = ListenerMetrics::Make(registry, {"plain", "tls"}).value();
  const auto finish = [&](std::string_view listener, Kind kind, const Final& final) {
    metrics.Finished(registry.worker(0), listener, kind, final, 1);
  };
  finish("plain", Kind::kHttp, {.http_status = 204});
  finish("plain", Kind::kHttp, {.http_status = 404});
  finish("plain", Kind::kHttp, {.http_status = 503});
  finish("plain", Kind::kHttp, {.code = Code::kCancelled, .http_status = 0});
  finish("tls", Kind::kGrpc, {.code = Code::kOk, .http_status = 200});
  finish("tls", Kind::kGrpc, {.code = Code::kNotFound, .http_status = 200});
  finish("tls", Kind::kGrpc, {.code = Code::kUnavailable, .http_status = 200});
  finish("tls", Kind::kWebSocket, {.http_status = 1000});
  finish("tls", Kind::kWebSocket, {.http_status = 4321});
  finish("tls", Kind::kWebSocket, {.http_status = 1009});
  finish("tls", Kind::kWebSocket, {.http_status = 1011});
  finish("gone", Kind::kHttp, {.http_status = 200});
  const auto count = [&registry](std::string labels) {
    return Sample(registry, "meshhost_listener_call_duration_seconds_count{" + labels + "}");
  };
  EXPECT_EQ(count(R"(listener="plain",protocol="http",result="ok")"), "1");
  EXPECT_EQ(count(R"(listener="plain",protocol="http",result="client_error")"), "2");
  EXPECT_EQ(count(R"(listener="plain",protocol="http",result="server_error")"), "1");
  EXPECT_EQ(count(R"(listener="tls",protocol="grpc",result="ok")"), "1");
  EXPECT_EQ(count(R"(listener="tls",protocol="grpc",result="client_error")"), "1");
  EXPECT_EQ(count(R"(listener="tls",protocol="grpc",result="server_error")"), "1");
  EXPECT_EQ(count(R"(listener="tls",protocol="websocket",result="ok")"), "2");
  EXPECT_EQ(count(R"(listener="tls",protocol="websocket",result="client_error")"), "1");
  EXPECT_EQ(count(R"(listener="tls",protocol="websocket",result="server_error")"), "1");
  EXPECT_EQ(count(R"(listener="gone",protocol="http",result="ok")"), std::nullopt);
}

}  // namespace
}  // namespace meshhost
