// SPDX-License-Identifier: Apache-2.0
//
// Goal: the catalog's business rules hold without any protocol around them.
// Method: the Store class on a database in memory.
#include <gtest/gtest.h>

#include <filesystem>

#include "catalog/store.h"

namespace catalog {
namespace {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(store_.Open(":memory:", 100).ok()); }

  Item Make(const std::string& name, int64_t price = 100) {
    Item item;
    item.name = name;
    item.price_cents = price;
    EXPECT_TRUE(store_.Create(item).ok());
    return item;
  }

  Store store_;
};

TEST_F(StoreTest, GivesIdsAndRevisions) {
  const Item first = Make("bolt");
  const Item second = Make("nut");
  EXPECT_EQ(first.id, 1);
  EXPECT_EQ(second.id, 2);
  EXPECT_EQ(first.revision, 1);
  Item changed = first;
  changed.quantity = 5;
  ASSERT_TRUE(store_.Update(changed).ok());
  EXPECT_EQ(changed.revision, 2);
}

TEST_F(StoreTest, RefusesAnUpdateOfAnOldRevision) {
  Item item = Make("bolt");
  ASSERT_TRUE(store_.Update(item).ok());
  item.revision = 1;
  const mh::Status status = store_.Update(item);
  EXPECT_EQ(status.code(), mh::Code::kAborted);
  EXPECT_EQ(status.text(), "item 1 has revision 2");
}

TEST_F(StoreTest, RefusesItemsThatBreakTheRules) {
  for (Item item : {Item{}, Item{.name = std::string(201, 'x')},
                    Item{.name = "a", .price_cents = -1}, Item{.name = "a", .quantity = -1},
                    Item{.name = "a", .description = std::string(4001, 'x')}}) {
    EXPECT_EQ(store_.Create(item).code(), mh::Code::kInvalidArgument);
  }
}

TEST_F(StoreTest, SaysWhatIsNotThere) {
  Item item;
  EXPECT_EQ(store_.Get(7, item).code(), mh::Code::kNotFound);
  EXPECT_EQ(store_.Delete(7).text(), "item 7 does not exist");
}

TEST_F(StoreTest, ListsByIdInPages) {
  for (int i = 0; i < 5; i++) Make("item " + std::to_string(i));
  ASSERT_TRUE(store_.Delete(2).ok());
  std::vector<Item> items;
  ASSERT_TRUE(store_.List(0, 2, items).ok());
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[1].id, 3);
  ASSERT_TRUE(store_.List(3, 10, items).ok());
  EXPECT_EQ(items.size(), 2u);
}

TEST_F(StoreTest, ImportSkipsAndCountsInvalidItems) {
  std::vector<Item> items = {{.name = "a"}, {.name = ""}, {.name = "b"}};
  ImportResult result;
  ASSERT_TRUE(store_.Import(items, result).ok());
  EXPECT_EQ(result.created, 2);
  EXPECT_EQ(result.rejected, 1);
  EXPECT_EQ(result.first_rejection, "an item needs a name");
}

TEST_F(StoreTest, TellsSubscribersUntilTheyLeave) {
  std::vector<Change> seen;
  {
    const Store::Subscription subscription =
        store_.Subscribe([&seen](const Change& change) { seen.push_back(change); });
    Item item = Make("bolt");
    ASSERT_TRUE(store_.Update(item).ok());
    ASSERT_TRUE(store_.Delete(item.id).ok());
  }
  Make("nut");
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].kind, Change::Kind::kCreated);
  EXPECT_EQ(seen[1].kind, Change::Kind::kUpdated);
  EXPECT_EQ(seen[2].kind, Change::Kind::kDeleted);
}

TEST(Store, KeepsItemsInItsFile) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("catalog-" + std::to_string(getpid()) + ".db");
  for (int round = 1; round <= 2; round++) {
    Store store;
    ASSERT_TRUE(store.Open(path, 100).ok());
    Item item{.name = "bolt"};
    ASSERT_TRUE(store.Create(item).ok());
    EXPECT_EQ(item.id, round);
  }
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
}

TEST(Store, NamesADatabaseThatItCannotOpen) {
  Store store;
  const mh::Status status = store.Open("/nowhere/catalog.db", 100);
  EXPECT_EQ(status.text(), "database \"/nowhere/catalog.db\": unable to open database file");
}

}  // namespace
}  // namespace catalog
