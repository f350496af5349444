// SPDX-License-Identifier: Apache-2.0
// Goal: methods are found by path, and two owners of one are refused with both names.
#include "host/grpc/method_table.h"

#include <gtest/gtest.h>

namespace meshhost {
namespace {

Endpoint Method(const char* name, const char* module) {
  Endpoint endpoint;
  endpoint.name = name;
  endpoint.module = module;
  return endpoint;
}

TEST(MethodTable, FindsByPath) {
  const Endpoint unary = Method("echo.v1.Echo/Unary", "echo");
  const Endpoint bidi = Method("echo.v1.Echo/Bidi", "echo");
  MethodTable table;
  ASSERT_TRUE(table.Add(unary).ok());
  ASSERT_TRUE(table.Add(bidi).ok());
  EXPECT_EQ(table.Find("/echo.v1.Echo/Unary"), &unary);
  EXPECT_EQ(table.Find("/echo.v1.Echo/Bidi"), &bidi);
  EXPECT_EQ(table.Find("/echo.v1.Echo/Other"), nullptr);
  EXPECT_EQ(table.Find("echo.v1.Echo/Unary"), nullptr);
  EXPECT_EQ(table.Find(""), nullptr);
}

TEST(MethodTable, S04_ASecondOwnerIsAnErrorThatNamesBoth) {
  const Endpoint first = Method("a.B/C", "one");
  const Endpoint second = Method("a.B/C", "two");
  MethodTable table;
  ASSERT_TRUE(table.Add(first).ok());
  const absl::Status status = table.Add(second);
  EXPECT_EQ(status.message(), "gRPC method \"a.B/C\" of module \"two\": already taken by \"one\"");
}

}  // namespace
}  // namespace meshhost
