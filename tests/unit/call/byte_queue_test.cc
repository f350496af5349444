// SPDX-License-Identifier: Apache-2.0
// Goal: bytes leave in the order they came, large owned slices without a copy, and every owner is
// released exactly once. Method: random appends and reads against a std::string.
#include "host/call/byte_queue.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace meshhost {
namespace {

struct CountedOwner {
  mh_buf abi{[](mh_buf* b) { ++reinterpret_cast<CountedOwner*>(b)->references; },
             [](mh_buf* b) { --reinterpret_cast<CountedOwner*>(b)->references; }};
  int references = 1;
};

std::string Drain(ByteQueue& queue) {
  std::string all;
  uint8_t buffer[777];
  while (!queue.empty()) {
    const size_t n = queue.Read(buffer, sizeof buffer);
    all.append(reinterpret_cast<char*>(buffer), n);
  }
  return all;
}

TEST(ByteQueue, SmallPiecesAreContiguous) {
  ByteQueue queue;
  queue.AppendCopy("hello ", 6);
  queue.AppendCopy("world", 5);
  EXPECT_EQ(ToView(queue.Front()), "hello world");
}

TEST(ByteQueue, LargeOwnedSlicesAreHeldNotCopied) {
  const std::string bytes(ByteQueue::kHoldFrom, 'x');
  CountedOwner owner;
  {
    ByteQueue queue;
    queue.Append({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), &owner.abi});
    EXPECT_EQ(owner.references, 2);
    EXPECT_EQ(queue.Front().p, reinterpret_cast<const uint8_t*>(bytes.data()));
    queue.Pop(bytes.size());
    EXPECT_EQ(owner.references, 1);
    queue.Append({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), &owner.abi});
  }
  EXPECT_EQ(owner.references, 1);
}

TEST(ByteQueue, KeepsOrderOverRandomAppendsAndReads) {
  std::mt19937 random(11);
  CountedOwner owner;
  std::string expected;
  std::string seen;
  {
    ByteQueue queue;
    for (int i = 0; i < 5000; ++i) {
      std::string piece(random() % (random() % 10 == 0 ? 40'000 : 60), '\0');
      for (char& c : piece) c = static_cast<char>(random());
      const bool owned = random() % 2 == 0;
      // Owned bytes must stay: hold them in a Block.
      if (owned && !piece.empty()) {
        const HeldSlice held(BorrowedSlice(piece));
        queue.Append(held.slice());
      } else {
        queue.Append(BorrowedSlice(piece));
      }
      expected += piece;
      if (random() % 3 == 0) {
        std::string part(random() % 5000, '\0');
        const size_t n = queue.Read(reinterpret_cast<uint8_t*>(part.data()), part.size());
        seen.append(part, 0, n);
      }
      ASSERT_EQ(queue.size(), expected.size() - seen.size());
    }
    seen += Drain(queue);
  }
  EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace meshhost
