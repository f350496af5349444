// SPDX-License-Identifier: Apache-2.0
//
// The business of the catalog: items, their rules, and who wants to know of changes. It knows no
// protocol; gRPC, REST and the WebSocket feed are three ways to call it.
#pragma once

#include <meshhost/status.h>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "sqlite.h"

namespace catalog {

struct Item {
  int64_t id = 0;
  std::string name;
  std::string description;
  int64_t price_cents = 0;
  int64_t quantity = 0;
  int64_t revision = 0;
};

struct Change {
  enum class Kind { kPresent, kCreated, kUpdated, kDeleted };
  Kind kind = Kind::kPresent;
  Item item;
};

struct ImportResult {
  int64_t created = 0;
  int64_t rejected = 0;
  std::string first_rejection;
};

// Owned by the module. Any thread; calls block on the database, one at a time.
class Store final {
 public:
  // Stops the calls of its callback when destroyed. Move only; must not outlive the store.
  class Subscription final {
   public:
    Subscription() = default;
    Subscription(Store* store, int64_t key) : store_(store), key_(key) {}
    Subscription(Subscription&& other) noexcept
        : store_(std::exchange(other.store_, nullptr)), key_(other.key_) {}
    Subscription& operator=(Subscription&&) = delete;
    ~Subscription();

   private:
    Store* store_ = nullptr;
    int64_t key_ = 0;
  };
  using Callback = std::function<void(const Change&)>;

  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Before anything else. ":memory:" keeps nothing.
  mh::Status Open(const std::string& path, int busy_timeout_ms);

  // `item` in: what to store; out: as stored, with id and revision.
  mh::Status Create(Item& item);
  mh::Status Get(int64_t id, Item& item);
  // A revision other than 0 must be the stored one, else kAborted.
  mh::Status Update(Item& item);
  mh::Status Delete(int64_t id);
  // Items with id > after, by id, at most `limit`.
  mh::Status List(int64_t after, int64_t limit, std::vector<Item>& items);
  // All valid items, in one transaction.
  mh::Status Import(std::vector<Item>& items, ImportResult& result);

  // `callback` comes after each change, on the thread that made it, under a lock: it must be quick
  // and not call the store.
  Subscription Subscribe(Callback callback);

 private:
  static mh::Status Validate(const Item& item);
  mh::Status Insert(Item& item);            // with mutex_
  mh::Status Read(int64_t id, Item& item);  // with mutex_
  void Publish(Change::Kind kind, const Item& item);

  std::mutex mutex_;  // guards all below
  Database database_;
  Statement insert_, read_, update_, delete_, list_;

  std::mutex subscribers_mutex_;  // guards all below; never held while taking mutex_
  std::map<int64_t, Callback> subscribers_;
  int64_t next_subscriber_ = 1;
};

}  // namespace catalog
