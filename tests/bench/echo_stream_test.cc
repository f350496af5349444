// SPDX-License-Identifier: Apache-2.0
//
// Goal: the bidi load counts only true echoes and tells their latency. Method: bytes by hand.

#include "tests/bench/echo_stream.h"

#include <gtest/gtest.h>

namespace meshhost::bench {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(EchoStream, CountsMessagesHoweverTheyAreCut) {
  EchoStream stream("abcd", 2);
  LatencyHistogram latencies;
  stream.NoteSent(0);
  stream.NoteSent(10);
  EXPECT_FALSE(stream.CanSend());
  EXPECT_EQ(stream.Receive(Bytes("ab"), 20, latencies), 0);
  EXPECT_EQ(stream.Receive(Bytes("cda"), 30, latencies), 1);
  EXPECT_TRUE(stream.CanSend());
  EXPECT_EQ(stream.Receive(Bytes("bcd"), 30, latencies), 1);
  EXPECT_EQ(stream.outstanding(), 0u);
  EXPECT_EQ(latencies.Percentile(0.0), 20u);
  EXPECT_EQ(latencies.Percentile(0.99), 30u);
}

TEST(EchoStream, RefusesBytesThatWereNotSent) {
  LatencyHistogram latencies;
  EchoStream changed("abcd", 1);
  changed.NoteSent(0);
  EXPECT_EQ(changed.Receive(Bytes("abcx"), 0, latencies), -1);
  EchoStream unasked("abcd", 1);
  EXPECT_EQ(unasked.Receive(Bytes("abcd"), 0, latencies), -1);
}

TEST(LatencyHistogram, PercentilesAreWithinTwoPercentOverTheWholeRange) {
  for (const uint64_t value : {0u, 1u, 63u, 64u, 127u, 128u, 1000u, 123456u, 4000000000u}) {
    LatencyHistogram latencies;
    latencies.Record(value);
    const uint64_t found = latencies.Percentile(0.5);
    EXPECT_GE(found, value);
    EXPECT_LE(static_cast<double>(found), static_cast<double>(value) * 1.02) << value;
  }
}

TEST(LatencyHistogram, PercentileSplitsTheRecords) {
  LatencyHistogram latencies;
  for (uint64_t i = 0; i < 98; ++i) latencies.Record(10);
  latencies.Record(50);
  latencies.Record(60);
  EXPECT_EQ(latencies.Percentile(0.5), 10u);
  EXPECT_EQ(latencies.Percentile(0.985), 50u);
  EXPECT_EQ(latencies.Percentile(0.99), 60u);
  EXPECT_EQ(LatencyHistogram().Percentile(0.5), 0u);
}

}  // namespace
}  // namespace meshhost::bench
