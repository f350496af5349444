// SPDX-License-Identifier: Apache-2.0
//
// Goal: a request is answered by the most specific host that has a route for it, however the host
// is spelled, and hosts cost nothing where none are named. Method: endpoints without handlers,
// looked up by authority, verb and path.
#include "host/http/virtual_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace meshhost {
namespace {

using ::testing::HasSubstr;

class VirtualHostsTest : public ::testing::Test {
 protected:
  absl::Status Add(std::string verb, std::string pattern, std::vector<std::string> hosts,
                   std::string module) {
    Endpoint& endpoint = endpoints_.emplace_back();
    endpoint.verb = std::move(verb);
    endpoint.name = std::move(pattern);
    endpoint.hosts = std::move(hosts);
    endpoint.module = std::move(module);
    return hosts_.Add(endpoint);
  }
  // The module that answers, or the name of the refusal.
  std::string Find(std::string_view authority, std::string_view verb, std::string_view path) {
    arena_.Reset();
    found_ = hosts_.Find(authority, verb, path, arena_);
    if (found_.endpoint == nullptr) return std::string(FactsOf(found_.refusal).name);
    return found_.endpoint->module;
  }
  std::string Who(std::string_view authority) { return Find(authority, "GET", "/a"); }

  std::deque<Endpoint> endpoints_;
  VirtualHosts hosts_;
  Arena arena_;
  RouteTable::Found found_;
};

TEST_F(VirtualHostsTest, S36_WithoutHostsEveryAuthorityFindsTheRoute) {
  ASSERT_TRUE(Add("GET", "/a", {}, "all").ok());
  for (const char* authority : {"", "a.example", "a.example:80", "[::1]:80", "no host at all"}) {
    EXPECT_EQ(Who(authority), "all") << authority;
  }
}

TEST_F(VirtualHostsTest, S36_ExactThenLongestWildcardThenEveryHost) {
  ASSERT_TRUE(Add("GET", "/a", {}, "all").ok());
  ASSERT_TRUE(Add("GET", "/a", {"*.example.com"}, "wide").ok());
  ASSERT_TRUE(Add("GET", "/a", {"*.shop.example.com"}, "narrow").ok());
  ASSERT_TRUE(Add("GET", "/a", {"www.shop.example.com", "[::1]", "127.0.0.1"}, "exact").ok());
  EXPECT_EQ(Who("www.shop.example.com"), "exact");
  EXPECT_EQ(Who("[::1]"), "exact");
  EXPECT_EQ(Who("127.0.0.1"), "exact");
  EXPECT_EQ(Who("api.shop.example.com"), "narrow");
  EXPECT_EQ(Who("v1.api.shop.example.com"), "narrow");
  EXPECT_EQ(Who("shop.example.com"), "wide");
  EXPECT_EQ(Who("a.b.c.example.com"), "wide");
  EXPECT_EQ(Who("example.com"), "all");
  EXPECT_EQ(Who("badexample.com"), "all");
  EXPECT_EQ(Who("[::2]"), "all");
}

TEST_F(VirtualHostsTest, S36_PortCaseAndFinalDotDoNotMatter) {
  ASSERT_TRUE(Add("GET", "/a", {"a.example", "*.b.example", "[::1]"}, "named").ok());
  for (const char* authority :
       {"a.example", "a.example:8080", "a.example:", "A.EXAMPLE", "a.example.", "a.Example.:1",
        "X.b.Example:443", "[::1]", "[::1]:8080"}) {
    EXPECT_EQ(Who(authority), "named") << authority;
  }
}

TEST_F(VirtualHostsTest, S36_WhatNamesNoHostFindsOnlyRoutesOfEveryHost) {
  ASSERT_TRUE(Add("GET", "/a", {"a.example", "*.b.example", "[::1]"}, "named").ok());
  const std::string deep = std::string(1000, 'x') + ".b.example";
  for (const char* authority :
       {"", ".", ":80", ".a.example", ".b.example", "b.example", "a.example..", "user@a.example",
        "a.example ", "[::1", "::1", "a.example.evil.test", deep.c_str()}) {
    EXPECT_EQ(Who(authority), "ROUTE_NOT_FOUND") << authority;
  }
}

TEST_F(VirtualHostsTest, S36_APathThatAHostLacksFallsThroughToTheLessSpecific) {
  ASSERT_TRUE(Add("GET", "/{rest...}", {}, "all").ok());
  ASSERT_TRUE(Add("GET", "/a/{x}", {"*.example"}, "wide").ok());
  ASSERT_TRUE(Add("GET", "/a/b", {"a.example"}, "exact").ok());
  EXPECT_EQ(Find("a.example", "GET", "/a/b"), "exact");
  EXPECT_EQ(Find("a.example", "GET", "/a/c"), "wide");
  ASSERT_EQ(found_.params.size(), 1u);
  EXPECT_EQ(found_.params[0].value, "c");
  EXPECT_EQ(Find("a.example", "GET", "/b"), "all");
  EXPECT_EQ(Find("b.test", "GET", "/a/b"), "all");
}

TEST_F(VirtualHostsTest, S36_AWildcardRouteOfTheHostBeatsALiteralOfEveryHost) {
  ASSERT_TRUE(Add("GET", "/a", {}, "all").ok());
  ASSERT_TRUE(Add("GET", "/{rest...}", {"a.example"}, "exact").ok());
  EXPECT_EQ(Who("a.example"), "exact");
}

TEST_F(VirtualHostsTest, S36_TheVerbIsLookedForInEveryTableBeforeItIsRefused) {
  ASSERT_TRUE(Add("GET", "/a", {"a.example"}, "exact").ok());
  ASSERT_TRUE(Add("POST", "/a", {}, "all").ok());
  EXPECT_EQ(Find("a.example", "POST", "/a"), "all");
  EXPECT_EQ(Find("a.example", "HEAD", "/a"), "exact");
  EXPECT_EQ(Find("a.example", "PUT", "/a"), "METHOD_NOT_ALLOWED");
  EXPECT_EQ(found_.allow, "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(Find("b.example", "GET", "/a"), "METHOD_NOT_ALLOWED");
  EXPECT_EQ(found_.allow, "OPTIONS, POST");
}

TEST_F(VirtualHostsTest, S36_A405OfTheHostIsKeptWhereNobodyElseHasThePath) {
  ASSERT_TRUE(Add("GET", "/a", {"a.example"}, "exact").ok());
  ASSERT_TRUE(Add("GET", "/b", {}, "all").ok());
  EXPECT_EQ(Find("a.example", "DELETE", "/a"), "METHOD_NOT_ALLOWED");
  EXPECT_EQ(found_.allow, "GET, HEAD, OPTIONS");
  EXPECT_EQ(Find("b.example", "DELETE", "/a"), "ROUTE_NOT_FOUND");
}

TEST_F(VirtualHostsTest, S36_OneRouteForTwoHostsIsNoConflictButTwiceForOneIs) {
  ASSERT_TRUE(Add("GET", "/a/{id}", {"a.example", "*.a.example"}, "one").ok());
  ASSERT_TRUE(Add("GET", "/a/{id}", {"b.example"}, "two").ok());
  ASSERT_TRUE(Add("GET", "/a/{id}", {}, "three").ok());
  const absl::Status status = Add("GET", "/a/{name}", {"c.example", "*.a.example"}, "four");
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"one\""));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"four\""));
}

TEST_F(VirtualHostsTest, S36_AHostileAuthorityCostsNoMoreThanAName) {
  ASSERT_TRUE(Add("GET", "/a", {"*.a.example"}, "named").ok());
  std::string dots;
  for (int i = 0; i < 30'000; ++i) dots += "a.";
  EXPECT_EQ(Who(dots + "a.example"), "ROUTE_NOT_FOUND");
  EXPECT_EQ(arena_.chunk_bytes(), 0u);
}

}  // namespace
}  // namespace meshhost
