// SPDX-License-Identifier: Apache-2.0
//
// Goal: every REST route is in the document once, under names that OpenAPI takes. Method: endpoints
// without handlers, and the document parsed again. tests/integration/test_openapi.py holds a whole
// one against the published schema.
#include "host/http/openapi_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "host/http/problem.h"

namespace meshhost {
namespace {

using nlohmann::json;
using testing::ElementsAre;

class OpenApiDocumentTest : public testing::Test {
 protected:
  void Add(std::string verb, std::string pattern, std::string module = "shop",
           std::vector<std::string> hosts = {}) {
    Endpoint& endpoint = endpoints_.emplace_back();
    endpoint.verb = std::move(verb);
    endpoint.name = std::move(pattern);
    endpoint.module = std::move(module);
    endpoint.hosts = std::move(hosts);
    document_.Add(endpoint);
  }
  json Document() const { return json::parse(document_.ToJson("1.2.3")); }
  json Paths() const { return Document().at("paths"); }
  static std::vector<std::string> KeysOf(const json& object) {
    std::vector<std::string> keys;
    for (const auto& item : object.items()) keys.push_back(item.key());
    return keys;
  }

  std::deque<Endpoint> endpoints_;
  OpenApiDocument document_;
};

TEST_F(OpenApiDocumentTest, S36_SaysWhatItIsEvenWithoutRoutes) {
  const json document = Document();
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  EXPECT_EQ(document.at("info").at("title"), "meshhost");
  EXPECT_EQ(document.at("info").at("version"), "1.2.3");
  EXPECT_EQ(document.at("paths"), json::object());
}

TEST_F(OpenApiDocumentTest, S36_EachVerbOfAPathIsAnOperation) {
  Add("GET", "/v1/items");
  Add("POST", "/v1/items");
  Add("GET", "/v1/items/{id}");
  Add("PATCH", "/v1/items/{id}");
  const json paths = Paths();
  EXPECT_THAT(KeysOf(paths), ElementsAre("/v1/items", "/v1/items/{id}"));
  EXPECT_THAT(KeysOf(paths.at("/v1/items")), ElementsAre("get", "post"));
  const json& list = paths.at("/v1/items").at("get");
  EXPECT_EQ(list.at("operationId"), "shop_get_v1_items");
  EXPECT_EQ(list.at("tags"), json({"shop"}));
  EXPECT_EQ(list.at("description"), "Route \"GET /v1/items\" of module \"shop\".");
  EXPECT_THAT(KeysOf(list.at("responses")), ElementsAre("2XX", "default"));
  EXPECT_FALSE(list.contains("parameters"));
  EXPECT_FALSE(list.contains("servers"));
}

TEST_F(OpenApiDocumentTest, S36_ParametersOfThePathAreStringsThatAreRequired) {
  Add("GET", "/v1/{kind}/of/{id}");
  const json parameters = Paths().at("/v1/{kind}/of/{id}").at("get").at("parameters");
  EXPECT_EQ(parameters, json::parse(R"([
    {"name": "kind", "in": "path", "required": true, "schema": {"type": "string"}},
    {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}])"));
}

TEST_F(OpenApiDocumentTest, S36_AWildcardBecomesAParameter) {
  Add("GET", "/files/{path...}");
  const json operation = Paths().at("/files/{path}").at("get");
  EXPECT_EQ(operation.at("parameters").at(0).at("name"), "path");
  EXPECT_EQ(operation.at("description"), "Route \"GET /files/{path...}\" of module \"shop\".");
}

TEST_F(OpenApiDocumentTest, S36_OnlyVerbsWithABodyHaveOne) {
  for (const char* verb : {"GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "POST", "PUT", "PATCH"}) {
    Add(verb, "/a");
  }
  const json item = Paths().at("/a");
  for (const char* verb : {"get", "head", "options", "delete", "trace"}) {
    EXPECT_FALSE(item.at(verb).contains("requestBody")) << verb;
  }
  for (const char* verb : {"post", "put", "patch"}) {
    EXPECT_TRUE(item.at(verb).at("requestBody").at("content").contains("*/*")) << verb;
  }
}

TEST_F(OpenApiDocumentTest, S36_AVerbThatOpenApiDoesNotKnowIsAnExtension) {
  Add("PROPFIND", "/a");
  EXPECT_EQ(Paths().at("/a").at("x-additional-operations").at("PROPFIND").at("operationId"),
            "shop_propfind_a");
}

TEST_F(OpenApiDocumentTest, S36_OperationIdsAreUnique) {
  Add("GET", "/");
  Add("GET", "/a/b");
  Add("GET", "/a-b");
  Add("GET", "/a_b/");
  const json paths = Paths();
  EXPECT_EQ(paths.at("/").at("get").at("operationId"), "shop_get");
  EXPECT_EQ(paths.at("/a-b").at("get").at("operationId"), "shop_get_a_b");
  EXPECT_EQ(paths.at("/a/b").at("get").at("operationId"), "shop_get_a_b_2");
  EXPECT_EQ(paths.at("/a_b/").at("get").at("operationId"), "shop_get_a_b_3");
}

TEST_F(OpenApiDocumentTest, S36_HostsOfAModuleAreServers) {
  Add("GET", "/a", "shop", {"shop.example", "*.shop.example"});
  const json servers = Paths().at("/a").at("get").at("servers");
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers.at(0).at("url"), "//shop.example");
  EXPECT_EQ(servers.at(1).at("url"), "//{name}.shop.example");
  EXPECT_EQ(servers.at(1).at("variables").at("name").at("default"), "www");
}

TEST_F(OpenApiDocumentTest, S36_RoutesThatDifferOnlyInTheirHostAreOneOperation) {
  Add("GET", "/a/{id}", "one", {"one.example"});
  Add("GET", "/a/{name}", "two", {"two.example"});
  Add("GET", "/a/{id}", "rest");
  Add("PUT", "/a/{key}", "two", {"two.example"});
  const json paths = Paths();
  EXPECT_THAT(KeysOf(paths), ElementsAre("/a/{id}"));
  const json& get = paths.at("/a/{id}").at("get");
  EXPECT_EQ(get.at("tags"), json({"one", "two", "rest"}));
  ASSERT_EQ(get.at("servers").size(), 3u);
  EXPECT_EQ(get.at("servers").at(0).at("url"), "//one.example");
  EXPECT_EQ(get.at("servers").at(1).at("url"), "//two.example");
  EXPECT_EQ(get.at("servers").at(2).at("url"), "/");
  const json& put = paths.at("/a/{id}").at("put");
  EXPECT_EQ(put.at("tags"), json({"two"}));
  EXPECT_EQ(put.at("parameters").at(0).at("name"), "id");
}

TEST_F(OpenApiDocumentTest, S36_ErrorsAreTheProblemsThatTheHostWrites) {
  Add("GET", "/a");
  const json document = Document();
  EXPECT_EQ(document.at("paths").at("/a").at("get").at("responses").at("default"),
            json({{"$ref", "#/components/responses/Problem"}}));
  const json& components = document.at("components");
  EXPECT_EQ(components.at("responses").at("Problem").at("content").at(kProblemType).at("schema"),
            json({{"$ref", "#/components/schemas/Problem"}}));
  const json& schema = components.at("schemas").at("Problem");
  const json problem = json::parse(ProblemJson(Refusal(Reason::kRouteNotFound, "why"), "/a", "1f"));
  for (const auto& member : problem.items()) {
    EXPECT_TRUE(schema.at("properties").contains(member.key())) << member.key();
  }
  for (const json& name : schema.at("required")) EXPECT_TRUE(problem.contains(name)) << name;
}

TEST_F(OpenApiDocumentTest, S36_ALiteralThatIsNotUtf8DoesNotSpoilTheDocument) {
  Add("GET", "/a\xff");
  EXPECT_THAT(KeysOf(Paths()), ElementsAre("/a\ufffd"));
}

}  // namespace
}  // namespace meshhost
