// SPDX-License-Identifier: Apache-2.0
#include "host/call/binary_metadata.h"

#include <gtest/gtest.h>

#include <string>

namespace meshhost {
namespace {

TEST(BinaryMetadata, BothPaddingsAreRead) {
  Arena arena;
  EXPECT_EQ(DecodeBinaryMetadata("", arena), "");
  EXPECT_EQ(DecodeBinaryMetadata("YQ", arena), "a");
  EXPECT_EQ(DecodeBinaryMetadata("YQ==", arena), "a");
  EXPECT_EQ(DecodeBinaryMetadata("YWI", arena), "ab");
  EXPECT_EQ(DecodeBinaryMetadata("YWI=", arena), "ab");
  EXPECT_EQ(DecodeBinaryMetadata("YWJj", arena), "abc");
}

TEST(BinaryMetadata, WhatIsNotBase64IsSaidToBe) {
  Arena arena;
  for (const char* text : {"Y", "Y===", "YQ=", "Y Q=", "Y=Q=", "====", "YWJjZ"}) {
    EXPECT_FALSE(DecodeBinaryMetadata(text, arena).has_value()) << text;
  }
}

TEST(BinaryMetadata, EveryByteSurvives) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    Arena arena;
    EXPECT_EQ(DecodeBinaryMetadata(EncodeBinaryMetadata(bytes, arena), arena), bytes);
  }
}

}  // namespace
}  // namespace meshhost
