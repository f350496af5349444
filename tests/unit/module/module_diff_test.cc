// SPDX-License-Identifier: Apache-2.0
// Goal: the comparison of two modules finds every change that breaks clients and no other. Method:
// modules built for it, one with a later schema that breaks in every way the comparison knows.
#include "host/module/module_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/module/module_fixture.h"

namespace meshhost {
namespace {

using testing::HasSubstr;
using testing::Not;

absl::StatusOr<std::vector<BreakingChange>> Diff(std::string_view was, std::string_view is) {
  return DiffModules(ModulePath(was), ModulePath(is), HostModulePolicy());
}

TEST(ModuleDiff, S04_OneSchemaWithItselfIsCompatible) {
  const auto changes = Diff("schema_v1", "schema_v1");
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(ToText(*changes), "compatible: no breaking change\n");
}

TEST(ModuleDiff, S04_EveryBreakingChangeIsListed) {
  const auto changes = Diff("schema_v1", "schema_v2");
  ASSERT_TRUE(changes.ok()) << changes.status();
  const std::string text = ToText(*changes);
  for (std::string_view rule : {"service.removed", "method.removed", "method.kind", "field.type",
                                "field.name", "field.number", "field.removed", "field.label",
                                "field.reserved", "enum_value.removed", "enum_value.number"}) {
    EXPECT_THAT(text, HasSubstr("[" + std::string(rule) + "]"));
  }
  EXPECT_THAT(text, Not(HasSubstr("gone_well")));
  EXPECT_THAT(text, Not(HasSubstr("added")));
  EXPECT_THAT(ToJson(*changes), HasSubstr("\"compatible\": false"));
}

TEST(ModuleDiff, ModuleThatCrashesIsReported) {
  EXPECT_THAT(std::string(Diff("schema_v1", "schema_crash").status().message()),
              HasSubstr("schema_crash.so: ended by signal"));
}

TEST(ModuleDiff, ModuleThatDoesNotFitIsReported) {
  EXPECT_THAT(std::string(Diff("refused_major", "schema_v1").status().message()),
              HasSubstr("note field major"));
}

}  // namespace
}  // namespace meshhost
