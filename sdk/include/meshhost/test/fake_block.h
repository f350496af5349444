// SPDX-License-Identifier: Apache-2.0
//
// FakeHost's values: counted blocks of bytes, and lists of keys and values.
#pragma once

#include <meshhost/status.h>

#include <atomic>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mh::test {

// A counted block of bytes; deletes itself with its last reference.
struct FakeBlock {
  mh_buf buf;  // first member: the module sees only this
  std::atomic<int> references;
  std::atomic<int>* live;
  std::string bytes;

  static FakeBlock* Make(std::string content, std::atomic<int>* live) {
    live->fetch_add(1);
    return new FakeBlock{{&Retain, &Release}, {1}, live, std::move(content)};
  }
  static void Retain(mh_buf* buf) { reinterpret_cast<FakeBlock*>(buf)->references.fetch_add(1); }
  static void Release(mh_buf* buf) {
    FakeBlock* self = reinterpret_cast<FakeBlock*>(buf);
    if (self->references.fetch_sub(1) != 1) return;
    self->live->fetch_sub(1);
    delete self;
  }
};

// Headers, metadata or parameters, owned.
using Pairs = std::vector<std::pair<std::string, std::string>>;

inline std::vector<mh_kv> ViewPairs(const Pairs& pairs) {
  std::vector<mh_kv> view;
  for (const auto& [key, value] : pairs) view.push_back({Str(key), Str(value)});
  return view;
}

inline Pairs CopyPairs(const mh_kv* entries, size_t n) {
  Pairs copy;
  for (size_t i = 0; i < n; i++) copy.emplace_back(View(entries[i].key), View(entries[i].value));
  return copy;
}

inline std::string FindPair(const Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace mh::test
