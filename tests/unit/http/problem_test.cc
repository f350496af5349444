// SPDX-License-Identifier: Apache-2.0
//
// Goal: an outcome becomes a correct RFC 9457 body. Method: parse what was written.
#include "host/http/problem.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace meshhost {
namespace {

TEST(Problem, S05_CarriesStatusTitleDetailInstanceAndAStableCode) {
  const auto problem = nlohmann::json::parse(
      ProblemJson(Refusal(Reason::kBodyTooLarge, "over 1 MiB"), "/v1/items", "00ff"));
  EXPECT_EQ(problem["type"], "about:blank");
  EXPECT_EQ(problem["title"], "Content Too Large");
  EXPECT_EQ(problem["status"], 413);
  EXPECT_EQ(problem["detail"], "over 1 MiB");
  EXPECT_EQ(problem["instance"], "/v1/items");
  EXPECT_EQ(problem["code"], "BODY_TOO_LARGE");
  EXPECT_EQ(problem["trace_id"], "00ff");
}

TEST(Problem, EscapesWhateverAModuleOrAPeerSays) {
  Outcome outcome;
  outcome.code = Code::kNotFound;
  outcome.message = "no \"x\"\\ \x01\n <b> \xff\xfe \xC3\xA4";
  const auto problem = nlohmann::json::parse(ProblemJson(outcome, "/a\"b", {}));
  EXPECT_EQ(problem["status"], 404);
  EXPECT_EQ(problem["code"], "NOT_FOUND");
  EXPECT_EQ(problem["instance"], "/a\"b");
  EXPECT_EQ(problem["detail"], "no \"x\"\\ \x01\n <b> \xEF\xBF\xBD\xEF\xBF\xBD \xC3\xA4");
  EXPECT_FALSE(problem.contains("trace_id"));
}

TEST(Problem, AStatusThatIsNoneCountsAs500) {
  Outcome outcome;
  for (const int status : {99, 101, 600, 9999, -1}) {
    outcome.http_status = status;
    EXPECT_EQ(ProblemStatus(outcome), 500) << status;
  }
  outcome.http_status = 418;
  EXPECT_EQ(ProblemStatus(outcome), 418);
}

}  // namespace
}  // namespace meshhost
