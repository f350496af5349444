// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/access_line.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>

namespace meshhost {
namespace {

std::string Line(const AccessRecord& record) {
  Timestamp timestamp;
  std::string text(kMaxAccessLine, '\0');
  text.resize(
      static_cast<std::size_t>(WriteAccessLine(text.data(), timestamp, record) - text.data()));
  return text;
}

TEST(AccessLine, TellsAllOfAGrpcCall) {
  const std::string endpoint =
      RenderAccessEndpoint({.kind = Kind::kGrpc, .name = "echo.v1.Echo/Unary", .module = "echo"});
  const Final final{.code = Code::kDeadlineExceeded,
                    .reason = Reason::kDeadlineExceeded,
                    .http_status = 200,
                    .request_bytes = 13,
                    .response_bytes = 14,
                    .delivered = true};
  const std::array<std::uint8_t, 16> trace = {0x4b, 0xf9};
  const std::array<std::uint8_t, 8> span = {0x00, 0xf0};
  EXPECT_EQ(Line({.wall_ns = 1'767'323'045'678'901'234,
                  .duration_ns = 2'000'123'456,
                  .kind = Kind::kGrpc,
                  .version = HttpVersion::kHttp2,
                  .endpoint = endpoint,
                  .method = "POST",
                  .path = "/echo.v1.Echo/Unary",
                  .listener = "main",
                  .peer = "127.0.0.1:4242",
                  .user = "spiffe://a/b",
                  .request_id = "r1",
                  .trace_id = trace,
                  .span_id = span,
                  .final = &final}),
            R"({"ts":"2026-01-02T03:04:05.678901Z","proto":"grpc","rpc":"echo.v1.Echo/Unary",)"
            R"("module":"echo","status":200,"method":"POST","path":"/echo.v1.Echo/Unary",)"
            R"("grpc_code":"DEADLINE_EXCEEDED","reason":"DEADLINE_EXCEEDED","dur_s":2.000123,)"
            R"("bytes_in":13,"bytes_out":14,"listener":"main","peer":"127.0.0.1:4242",)"
            R"("user":"spiffe://a/b","request_id":"r1",)"
            R"("trace_id":"4bf90000000000000000000000000000","span_id":"00f0000000000000"})"
            "\n");
}

TEST(AccessLine, LeavesOutWhatIsNotThere) {
  const Final final{.http_status = 204};
  EXPECT_EQ(Line({.path = "/x", .final = &final}),
            R"({"ts":"1970-01-01T00:00:00.000000Z","proto":"http/1.1","status":204,"path":"/x",)"
            R"("delivered":false,"dur_s":0.000000,"bytes_in":0,"bytes_out":0})"
            "\n");
}

// What a peer sends can neither break the line nor make it longer than the buffer.
TEST(AccessLine, S64_ContainsHostileTextWithinItsLimit) {
  const std::string hostile(100'000, '\x01');
  const std::string endpoint =
      RenderAccessEndpoint({.kind = Kind::kHttp, .name = hostile, .module = hostile});
  const Final final{
      .code = Code::kUnauthenticated, .reason = Reason::kMisdirectedRequest, .http_status = 421};
  const std::array<std::uint8_t, 16> trace{};
  for (Kind kind : {Kind::kGrpc, Kind::kHttp, Kind::kWebSocket}) {
    const std::string line = Line({.wall_ns = ~std::uint64_t{0},
                                   .duration_ns = ~std::uint64_t{0},
                                   .kind = kind,
                                   .endpoint = endpoint,
                                   .method = hostile,
                                   .path = hostile,
                                   .listener = hostile,
                                   .peer = hostile,
                                   .user = hostile,
                                   .request_id = hostile,
                                   .trace_id = trace,
                                   .final = &final});
    EXPECT_LT(line.size(), kMaxAccessLine);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json.at("status"), 421);
    EXPECT_EQ(json.at("path").get<std::string>().size(), 1024u);
  }
}

}  // namespace
}  // namespace meshhost
