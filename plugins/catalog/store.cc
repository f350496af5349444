// SPDX-License-Identifier: Apache-2.0
//
// One SQLite connection behind one mutex: the pool's threads wait here in turn, which is what a
// single-writer database would make them do anyway. WAL lets the next generation of the module
// open the same file while this one drains.
#include "store.h"

#include <utility>

namespace catalog {

namespace {

constexpr char kSchema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS item ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL, description TEXT NOT NULL,"
    "  price_cents INTEGER NOT NULL, quantity INTEGER NOT NULL, revision INTEGER NOT NULL)";

constexpr size_t kLongestName = 200;
constexpr size_t kLongestDescription = 4000;

void ReadRow(const Statement& row, Item& item) {
  item = {row.Integer(0), row.Text(1), row.Text(2), row.Integer(3), row.Integer(4), row.Integer(5)};
}

std::string Named(int64_t id) { return "item " + std::to_string(id); }

}  // namespace

Store::Subscription::~Subscription() {
  if (store_ == nullptr) return;
  const std::lock_guard<std::mutex> lock(store_->subscribers_mutex_);
  store_->subscribers_.erase(key_);
}

mh::Status Store::Open(const std::string& path, int busy_timeout_ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  mh::Status status = database_.Open(path, busy_timeout_ms);
  if (status.ok()) status = database_.Execute(kSchema);
  const std::pair<const char*, Statement*> statements[] = {
      {"INSERT INTO item (name, description, price_cents, quantity, revision)"
       " VALUES (?1, ?2, ?3, ?4, 1)",
       &insert_},
      {"SELECT id, name, description, price_cents, quantity, revision FROM item WHERE id = ?1",
       &read_},
      {"UPDATE item SET name = ?2, description = ?3, price_cents = ?4, quantity = ?5,"
       " revision = revision + 1 WHERE id = ?1",
       &update_},
      {"DELETE FROM item WHERE id = ?1", &delete_},
      {"SELECT id, name, description, price_cents, quantity, revision FROM item"
       " WHERE id > ?1 ORDER BY id LIMIT ?2",
       &list_}};
  for (const auto& [sql, statement] : statements) {
    if (status.ok()) status = database_.Prepare(sql, statement);
  }
  return status;
}

mh::Status Store::Validate(const Item& item) {
  if (item.name.empty()) return mh::InvalidArgument("an item needs a name");
  if (item.name.size() > kLongestName) return mh::InvalidArgument("the name is too long");
  if (item.description.size() > kLongestDescription) {
    return mh::InvalidArgument("the description is too long");
  }
  if (item.price_cents < 0) return mh::InvalidArgument("the price must not be negative");
  if (item.quantity < 0) return mh::InvalidArgument("the quantity must not be negative");
  return mh::Status();
}

mh::Status Store::Insert(Item& item) {
  insert_.Bind(1, item.name).Bind(2, item.description);
  insert_.Bind(3, item.price_cents).Bind(4, item.quantity);
  mh::Status status = insert_.Finish();
  if (!status.ok()) return status;
  item.id = database_.last_id();
  item.revision = 1;
  return status;
}

mh::Status Store::Read(int64_t id, Item& item) {
  const bool found = read_.Bind(1, id).Step();
  if (found) ReadRow(read_, item);
  mh::Status status = read_.Finish();
  if (status.ok() && !found) status = mh::NotFound(Named(id) + " does not exist");
  return status;
}

mh::Status Store::Create(Item& item) {
  mh::Status status = Validate(item);
  if (!status.ok()) return status;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    status = Insert(item);
  }
  if (status.ok()) Publish(Change::Kind::kCreated, item);
  return status;
}

mh::Status Store::Get(int64_t id, Item& item) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Read(id, item);
}

mh::Status Store::Update(Item& item) {
  mh::Status status = Validate(item);
  if (!status.ok()) return status;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    Item stored;
    status = Read(item.id, stored);
    if (!status.ok()) return status;
    if (item.revision != 0 && item.revision != stored.revision) {
      return mh::Aborted(Named(item.id) + " has revision " + std::to_string(stored.revision));
    }
    update_.Bind(1, item.id).Bind(2, item.name).Bind(3, item.description);
    status = update_.Bind(4, item.price_cents).Bind(5, item.quantity).Finish();
    item.revision = stored.revision + 1;
  }
  if (status.ok()) Publish(Change::Kind::kUpdated, item);
  return status;
}

mh::Status Store::Delete(int64_t id) {
  Item item;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    mh::Status status = Read(id, item);
    if (status.ok()) status = delete_.Bind(1, id).Finish();
    if (!status.ok()) return status;
  }
  Publish(Change::Kind::kDeleted, item);
  return mh::Status();
}

mh::Status Store::List(int64_t after, int64_t limit, std::vector<Item>& items) {
  const std::lock_guard<std::mutex> lock(mutex_);
  list_.Bind(1, after).Bind(2, limit);
  for (items.clear(); list_.Step();) ReadRow(list_, items.emplace_back());
  return list_.Finish();
}

mh::Status Store::Import(std::vector<Item>& items, ImportResult& result) {
  std::vector<Item> created;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    mh::Status status = database_.Execute("BEGIN IMMEDIATE");
    if (!status.ok()) return status;
    for (Item& item : items) {
      const mh::Status valid = Validate(item);
      if (!valid.ok()) {
        if (result.rejected++ == 0) result.first_rejection = valid.text();
        continue;
      }
      status = Insert(item);
      if (!status.ok()) break;
      created.push_back(std::move(item));
    }
    if (status.ok()) status = database_.Execute("COMMIT");
    if (!status.ok()) {
      const mh::Status ignored = database_.Execute("ROLLBACK");
      (void)ignored;  // the first failure is the one to tell
      return status;
    }
  }
  result.created += static_cast<int64_t>(created.size());
  for (const Item& item : created) Publish(Change::Kind::kCreated, item);
  return mh::Status();
}

Store::Subscription Store::Subscribe(Callback callback) {
  const std::lock_guard<std::mutex> lock(subscribers_mutex_);
  subscribers_.emplace(next_subscriber_, std::move(callback));
  return Subscription(this, next_subscriber_++);
}

void Store::Publish(Change::Kind kind, const Item& item) {
  const std::lock_guard<std::mutex> lock(subscribers_mutex_);
  const Change change = {kind, item};
  for (const auto& [key, callback] : subscribers_) callback(change);
}

}  // namespace catalog
