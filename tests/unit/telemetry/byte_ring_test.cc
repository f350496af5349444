// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/byte_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace meshhost {
namespace {

std::string PopAll(ByteRing& ring) {
  const auto [first, second] = ring.Peek();
  std::string all(first);
  all += second;
  ring.Pop(all.size());
  return all;
}

TEST(ByteRing, GivesBackWhatWasPushedAcrossItsEnd) {
  ByteRing ring(8);
  EXPECT_TRUE(ring.Push("abcdef"));
  EXPECT_EQ(PopAll(ring), "abcdef");
  EXPECT_TRUE(ring.Push("ghijkl"));
  EXPECT_EQ(PopAll(ring), "ghijkl");
}

TEST(ByteRing, TakesAllOrNothing) {
  ByteRing ring(5);  // rounded up to 8
  EXPECT_TRUE(ring.Push("abcde"));
  EXPECT_FALSE(ring.Push("fghi"));
  EXPECT_TRUE(ring.Push("fgh"));
  EXPECT_FALSE(ring.Push("x"));
  EXPECT_EQ(PopAll(ring), "abcdefgh");
  EXPECT_TRUE(ring.Push("x"));
}

TEST(ByteRing, CarriesEverythingInOrderBetweenTwoThreads) {
  constexpr int kNumbers = 200'000;
  ByteRing ring(256);
  std::thread producer([&ring] {
    for (int i = 0; i < kNumbers; ++i) {
      const std::string text = std::to_string(i) + "\n";
      while (!ring.Push(text)) std::this_thread::yield();
    }
  });
  std::string gathered;
  int expected = 0;
  while (expected < kNumbers) {
    gathered += PopAll(ring);
    std::size_t start = 0;
    for (std::size_t end; (end = gathered.find('\n', start)) != std::string::npos; start = end + 1)
      ASSERT_EQ(gathered.substr(start, end - start), std::to_string(expected++));
    gathered.erase(0, start);
    std::this_thread::yield();
  }
  producer.join();
}

}  // namespace
}  // namespace meshhost
