// SPDX-License-Identifier: Apache-2.0
#include "host/admin/admin_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "host/telemetry/registry.h"
#include "tests/unit/admin/fake_operations.h"
#include "tests/unit/admin/fake_source.h"

namespace meshhost {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class AdminPagesTest : public testing::Test {
 protected:
  AdminAnswer Get(std::string_view path, std::string_view host = "localhost:9901",
                  std::string_view accept = "") {
    return pages_.Answer({.method = "GET", .path = path, .host = host, .accept = accept});
  }

  Registry registry_{{}};
  FakeSource source_;
  FakeOperations operations_;
  AdminPages pages_{registry_, source_, operations_, "127.0.0.2"};
};

TEST_F(AdminPagesTest, S17_ServesMetricsInTheFormatAskedFor) {
  const AdminAnswer text = Get("/metrics");
  EXPECT_EQ(text.status, 200);
  EXPECT_THAT(text.content_type, StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(text.body, HasSubstr("meshhost_metrics_overflow_total 0\n"));
  const AdminAnswer open = Get("/metrics", "localhost", "application/openmetrics-text");
  EXPECT_THAT(open.content_type, StartsWith("application/openmetrics-text; version=1.0.0"));
  EXPECT_THAT(open.body, EndsWith("# EOF\n"));
}

TEST_F(AdminPagesTest, S78_OperationsArePostedAsJson) {
  const auto post = [this](std::string_view path, std::string_view body,
                           std::string_view type = "application/json") {
    return pages_.Answer(
        {.method = "POST", .path = path, .host = "localhost", .content_type = type, .body = body});
  };
  EXPECT_EQ(post("/plan", "").status, 200);
  EXPECT_EQ(operations_.asked(), "plan");
  EXPECT_EQ(post("/reload", "{}").status, 200);
  EXPECT_EQ(operations_.confirm(), std::chrono::seconds(0));
  EXPECT_EQ(post("/reload", R"({"confirm": "90s"})").status, 200);
  EXPECT_EQ(operations_.confirm(), std::chrono::seconds(90));
  EXPECT_EQ(post("/reload/confirm", "").status, 200);
  EXPECT_EQ(operations_.asked(), "confirm");
  EXPECT_EQ(post("/reload/rollback", "").status, 200);
  EXPECT_EQ(operations_.asked(), "rollback");
  EXPECT_EQ(post("/upgrade", "").status, 200);
  EXPECT_EQ(operations_.asked(), "upgrade");
  operations_.set_result({422, R"({"error": "no"})"});
  EXPECT_EQ(post("/reload", "").status, 422);
  EXPECT_EQ(post("/reload", "").body, R"({"error": "no"})");
}

TEST_F(AdminPagesTest, S78_RefusesOperationsThatAreNotMeant) {
  AdminRequest request{.method = "POST", .path = "/reload", .host = "localhost"};
  // What a web page may send without asking.
  request.content_type = "text/plain";
  EXPECT_EQ(pages_.Answer(request).status, 415);
  request.content_type = "application/json";
  for (const char* body :
       {"[]", "{", R"({"confirm": 60})", R"({"confirm": "soon"})", R"({"x": "1s"})"}) {
    request.body = body;
    EXPECT_EQ(pages_.Answer(request).status, 400) << body;
  }
  EXPECT_EQ(operations_.asked(), "");
  request.method = "GET";
  const AdminAnswer answer = pages_.Answer(request);
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.allow, "POST");
}

TEST_F(AdminPagesTest, S40_AllHealthPagesFollowTheSameReport) {
  EXPECT_EQ(Get("/livez").status, 200);
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_EQ(json::parse(Get("/health").body).at("status"), "healthy");

  source_.set_health({.live = true, .ready = false});
  EXPECT_EQ(Get("/livez").status, 200);
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/health").status, 503);
  EXPECT_EQ(json::parse(Get("/health").body).at("status"), "unhealthy");

  source_.set_health({.live = false, .ready = true});
  EXPECT_EQ(Get("/livez").status, 503);
  EXPECT_EQ(Get("/health").status, 503);
}

TEST_F(AdminPagesTest, ShowsWhichCheckFailed) {
  source_.set_health({.ready = true,
                      .checks = {{.name = "module/a"},
                                 {.name = "module/b", .healthy = false, .detail = "bad \xff"}}});
  const AdminAnswer answer = Get("/health");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.content_type, "application/json");
  const json document = json::parse(answer.body);
  EXPECT_EQ(document.at("checks").at(0).at("status"), "healthy");
  EXPECT_EQ(document.at("checks").at(1).at("name"), "module/b");
  EXPECT_EQ(document.at("checks").at(1).at("status"), "unhealthy");
  EXPECT_EQ(document.at("checks").at(1).at("detail"), "bad \ufffd");
}

TEST_F(AdminPagesTest, ShowsTheDocumentsOfTheHost) {
  EXPECT_EQ(Get("/config").body, R"({"host":{}})");
  EXPECT_EQ(Get("/modules").body, R"([{"name":"echo"}])");
  EXPECT_EQ(Get("/openapi.json").body, R"({"openapi":"3.1.0"})");
  EXPECT_EQ(Get("/openapi.json").content_type, "application/json");
  EXPECT_EQ(Get("/version").body, R"({"version":"0.1.0"})");
}

TEST_F(AdminPagesTest, RefusesUnknownPagesAndChangesAsProblems) {
  const AdminAnswer missing = Get("/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.content_type, "application/problem+json");
  EXPECT_EQ(json::parse(missing.body).at("code"), "ROUTE_NOT_FOUND");
  const AdminAnswer post =
      pages_.Answer({.method = "POST", .path = "/metrics", .host = "localhost"});
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.allow, "GET");
  EXPECT_EQ(Get("/metrics/").status, 404);
}

// A page in the operator's browser may not read the admin API through a name of its own.
TEST_F(AdminPagesTest, AnswersToLoopbackNamesOnly) {
  for (std::string_view host : {"localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:9901", "[::1]",
                                "[::1]:9901", "127.0.0.2:9901"})
    EXPECT_EQ(Get("/version", host).status, 200) << host;
  for (std::string_view host :
       {"evil.example", "evil.example:9901", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.0.0.3", "[::1", "[::2]", "localhost:", "localhost:9901@evil", "localhost:99x", ":80"})
    EXPECT_EQ(Get("/version", host).status, 421) << host;
  EXPECT_EQ(Get("/version", "").status, 400);
}

}  // namespace
}  // namespace meshhost
