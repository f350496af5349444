// SPDX-License-Identifier: Apache-2.0
#include "host/config/nearest.h"

#include <gtest/gtest.h>

namespace meshhost {
namespace {

TEST(Nearest, FindsAWordWithATypingError) {
  EXPECT_EQ(Nearest("wrokers", {"name", "workers", "profile"}), "workers");
  EXPECT_EQ(Nearest("max-connections", {"max_connections", "connections"}), "max_connections");
}

TEST(Nearest, CountsSwappedNeighboursAsOneError) {
  EXPECT_EQ(Nearest("nmae", {"time", "name"}), "name");
}

TEST(Nearest, PrefersTheCloserOfTwo) { EXPECT_EQ(Nearest("names", {"nam", "name"}), "name"); }

TEST(Nearest, KeepsSilentWhenNothingIsClose) {
  EXPECT_EQ(Nearest("colour", {"name", "workers"}), "");
  EXPECT_EQ(Nearest("x", {"name"}), "");
  EXPECT_EQ(Nearest("", {"name"}), "");
}

TEST(Nearest, DoesNotCompareAbsurdlyLongWords) {
  EXPECT_EQ(Nearest(std::string(100000, 'a'), {"name"}), "");
}

}  // namespace
}  // namespace meshhost
