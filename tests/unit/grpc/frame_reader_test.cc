// SPDX-License-Identifier: Apache-2.0
//
// Goal: messages come out whole wherever the slices are cut, and memory follows bytes, not
// promises.
#include "host/grpc/frame_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meshhost {
namespace {

std::string Framed(std::string_view payload) {
  std::string frame(1, '\0');
  for (int shift : {24, 16, 8, 0}) frame += static_cast<char>(payload.size() >> shift);
  return frame.append(payload);
}

TEST(GrpcFrameReader, EveryCutGivesTheSameMessages) {
  const std::vector<std::string> payloads = {"", "a", std::string(300, 'b'), "", "ccc"};
  std::string bytes;
  for (const std::string& payload : payloads) bytes += Framed(payload);
  for (size_t step = 1; step <= bytes.size(); ++step) {
    GrpcFrameReader reader(1000);
    std::vector<std::string> seen;
    for (size_t at = 0; at < bytes.size(); at += step) {
      Slice input = BorrowedSlice(std::string_view(bytes).substr(at, step));
      while (input.n > 0) {
        const GrpcFrameReader::Step result = reader.Next(input);
        if (result.kind != GrpcFrameReader::Kind::kMessage) break;
        seen.emplace_back(ToView(result.message));
      }
    }
    ASSERT_EQ(seen, payloads) << step;
    ASSERT_TRUE(reader.between_messages());
  }
}

TEST(GrpcFrameReader, PromiseOverTheLimitIsRefusedAtThePrefix) {
  GrpcFrameReader reader(10);
  const std::string frame = Framed(std::string(11, 'x'));
  Slice input = BorrowedSlice(std::string_view(frame).substr(0, 5));
  EXPECT_EQ(reader.Next(input).kind, GrpcFrameReader::Kind::kTooLarge);
}

TEST(GrpcFrameReader, GatheredMessageHasAnOwner) {
  GrpcFrameReader reader(100);
  const std::string frame = Framed("gathered");
  Slice head = BorrowedSlice(std::string_view(frame).substr(0, 8));
  EXPECT_EQ(reader.Next(head).kind, GrpcFrameReader::Kind::kNeedMore);
  Slice tail = BorrowedSlice(std::string_view(frame).substr(8));
  const GrpcFrameReader::Step step = reader.Next(tail);
  ASSERT_EQ(step.kind, GrpcFrameReader::Kind::kMessage);
  const HeldSlice kept(step.message);
  Slice next = BorrowedSlice("");
  reader.Next(next);
  EXPECT_EQ(ToView(kept.slice()), "gathered");
}

}  // namespace
}  // namespace meshhost
