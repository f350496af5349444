// SPDX-License-Identifier: Apache-2.0
//
// Goal: memory handed to nghttp2 is never handed out twice, and a page with content is never
// trimmed.
#include "host/http/http2_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace meshhost {
namespace {

TEST(Http2Memory, BlocksKeepTheirBytes) {
  Http2Memory memory;
  nghttp2_mem* table = memory.table();
  std::minstd_rand random(7);
  std::vector<std::pair<uint8_t*, size_t>> live;
  for (int i = 0; i < 20'000; ++i) {
    if (live.size() < 200 || random() % 2 == 0) {
      const size_t size = random() % 5000 + 1;
      auto* bytes = static_cast<uint8_t*>(table->malloc(size, table->mem_user_data));
      std::memset(bytes, static_cast<int>(size % 251), size);
      live.emplace_back(bytes, size);
      continue;
    }
    std::swap(live[random() % live.size()], live.back());
    auto [bytes, size] = live.back();
    live.pop_back();
    for (size_t at = 0; at < size; ++at) ASSERT_EQ(bytes[at], size % 251);
    table->free(bytes, table->mem_user_data);
  }
  for (auto [bytes, size] : live) table->free(bytes, table->mem_user_data);
  EXPECT_EQ(memory.bytes_in_use(), 0u);
}

TEST(Http2Memory, GrowingKeepsWhatWasThere) {
  Http2Memory memory;
  nghttp2_mem* table = memory.table();
  void* bytes = table->calloc(1, 100, table->mem_user_data);
  std::memset(bytes, 'x', 100);
  bytes = table->realloc(bytes, 10'000, table->mem_user_data);
  EXPECT_EQ(std::memcmp(bytes, std::string(100, 'x').data(), 100), 0);
  table->free(bytes, table->mem_user_data);
  EXPECT_EQ(memory.bytes_in_use(), 0u);
}

TEST(Http2Memory, OnlyEmptyPagesAreTrimmed) {
  Http2Memory memory;
  nghttp2_mem* table = memory.table();
  memory.BeginSession();
  auto* page = static_cast<uint8_t*>(table->calloc(1, 4096, table->mem_user_data));
  ASSERT_EQ(memory.EndSession(), page);
  page[4000] = 1;
  Http2Memory::Trim(page);
  EXPECT_EQ(page[4000], 1);
  page[4000] = 0;
  Http2Memory::Trim(page);
  EXPECT_EQ(page[4000], 0);
  page[0] = 9;
  EXPECT_EQ(page[0], 9);
  table->free(page, table->mem_user_data);
}

}  // namespace
}  // namespace meshhost
