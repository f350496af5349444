// SPDX-License-Identifier: Apache-2.0
//
// Goal: one store behind three protocols; streams, feeds and pages of the catalog module.
// Method: the built module under FakeHost.
#include <catalog/v1/catalog.pb.h>
#include <gtest/gtest.h>
#include <meshhost/test/fake_host.h>

namespace {

using catalog::v1::Change;
using catalog::v1::Item;
using mh::test::FakeCall;
using mh::test::FakeHost;

const std::string kService = "catalog.v1.Catalog/";

class Catalog : public testing::Test {
 protected:
  void SetUp() override {
    const mh::Status loaded = host_.Load(MODULES_DIR "/catalog.so", R"({"watch_backlog": 4})");
    ASSERT_TRUE(loaded.ok()) << loaded.text();
  }
  void TearDown() override { EXPECT_EQ(host_.live_blocks(), 0); }

  Item Create(const std::string& name) {
    catalog::v1::CreateRequest request;
    request.mutable_item()->set_name(name);
    FakeCall& call = host_.Grpc(kService + "Create", request.SerializeAsString());
    EXPECT_EQ(call.code(), 0) << call.text();
    return Parse<Item>(call.messages().at(0));
  }

  template <class Message>
  static Message Parse(const std::string& bytes) {
    Message message;
    EXPECT_TRUE(message.ParseFromString(bytes));
    return message;
  }

  FakeHost host_;
};

TEST_F(Catalog, S82_ServesOneStoreOverGrpcAndRest) {
  const Item item = Create("bolt");
  FakeCall& got = host_.Http("GET", "/v1/items/" + std::to_string(item.id()));
  EXPECT_EQ(got.head_code(), 200);
  EXPECT_EQ(got.Header("etag"), "\"1\"");
  EXPECT_EQ(got.messages().at(0),
            R"({"id":1,"name":"bolt","description":"","price_cents":0,"quantity":0,"revision":1})");
  FakeCall& posted = host_.Http("POST", "/v1/items", R"({"name":"nut","price_cents":5})");
  EXPECT_EQ(posted.head_code(), 201);
  EXPECT_EQ(posted.Header("location"), "/v1/items/2");
  catalog::v1::GetRequest request;
  request.set_id(2);
  FakeCall& call = host_.Grpc(kService + "Get", request.SerializeAsString());
  EXPECT_EQ(Parse<Item>(call.messages().at(0)).price_cents(), 5);
  EXPECT_EQ(host_.Metric("catalog_operations_total{create,ok}"), 2);
}

TEST_F(Catalog, PagesThroughItems) {
  for (int i = 0; i < 5; i++) Create("item");
  FakeCall& first = host_.Http("GET", "/v1/items?page_size=2");
  EXPECT_NE(first.messages().at(0).find(R"("next_page_token":"2")"), std::string::npos);
  FakeCall& last = host_.Http("GET", "/v1/items?page_size=2&page_token=4");
  EXPECT_EQ(last.messages().at(0).find("next_page_token"), std::string::npos);
  EXPECT_EQ(host_.Http("GET", "/v1/items?page_size=0").code(), 3);
  EXPECT_EQ(host_.Http("GET", "/v1/items?page_token=x").code(), 3);
}

TEST_F(Catalog, PatchesPutsAndDeletesConditionally) {
  Create("bolt");
  FakeCall& patched = host_.Http("PATCH", "/v1/items/1", R"({"quantity":3})");
  EXPECT_NE(patched.messages().at(0).find(R"("name":"bolt")"), std::string::npos);
  FakeCall& stale = host_.Http("PUT", "/v1/items/1", R"({"name":"nut"})", {{"if-match", "\"1\""}});
  EXPECT_EQ(stale.code(), 412);
  FakeCall& put = host_.Http("PUT", "/v1/items/1", R"({"name":"nut"})", {{"if-match", "\"2\""}});
  EXPECT_EQ(put.Header("etag"), "\"3\"");
  EXPECT_NE(put.messages().at(0).find(R"("quantity":0)"), std::string::npos);
  EXPECT_EQ(host_.Http("DELETE", "/v1/items/1").head_code(), 204);
  EXPECT_EQ(host_.Http("DELETE", "/v1/items/1").code(), 5);
  EXPECT_EQ(host_.Http("GET", "/v1/items/abc").code(), 5);
}

TEST_F(Catalog, ImportsAStreamAndListsIt) {
  FakeCall& call = host_.Grpc(kService + "Import");
  for (int i = 0; i < 1201; i++) {
    Item item;
    item.set_name(i == 600 ? "" : "item");
    call.Send(item.SerializeAsString());
  }
  call.HalfClose();
  host_.Run();
  const auto summary = Parse<catalog::v1::ImportSummary>(call.messages().at(0));
  EXPECT_EQ(summary.created(), 1200);
  EXPECT_EQ(summary.rejected(), 1);

  FakeCall& list = host_.Grpc(kService + "List");
  host_.Run();
  ASSERT_EQ(list.messages().size(), 1200u);
  EXPECT_EQ(Parse<Item>(list.messages().back()).id(), 1200);
  catalog::v1::ListRequest request;
  request.set_limit(600);
  request.set_after_id(100);
  EXPECT_EQ(host_.Grpc(kService + "List", request.SerializeAsString()).messages().size(), 600u);
}

TEST_F(Catalog, WatchShowsWhatIsPresentAndThenEachChange) {
  Create("old");
  catalog::v1::WatchRequest request;
  request.set_snapshot(true);
  FakeCall& watch = host_.Grpc(kService + "Watch", request.SerializeAsString());
  EXPECT_EQ(host_.Metric("catalog_watchers"), 1);
  Create("new");
  host_.Run();
  ASSERT_EQ(watch.messages().size(), 2u);
  EXPECT_EQ(Parse<Change>(watch.messages()[0]).kind(), Change::PRESENT);
  EXPECT_EQ(Parse<Change>(watch.messages()[1]).kind(), Change::CREATED);
  EXPECT_EQ(Parse<Change>(watch.messages()[1]).item().name(), "new");
  watch.Cancel(MH_WHY_PEER);
  host_.Run();
  EXPECT_TRUE(watch.finished());
  EXPECT_EQ(host_.Metric("catalog_watchers"), 0);
}

TEST_F(Catalog, S72_AWatcherThatDoesNotReadIsTold) {
  FakeCall& watch = host_.Grpc(kService + "Watch");
  watch.StopReading(0);
  for (int i = 0; i < 10; i++) {
    Create("item");
    host_.Run();
  }
  EXPECT_FALSE(watch.finished());
  watch.ReadAgain();
  host_.Run();
  EXPECT_EQ(watch.code(), static_cast<int32_t>(mh::Code::kAborted));
  EXPECT_LT(watch.messages().size(), 10u);
}

TEST_F(Catalog, ADrainEndsWatchersAsUnavailable) {
  FakeCall& watch = host_.Grpc(kService + "Watch");
  FakeCall& feed = host_.WebSocket("/v1/items/watch");
  host_.Run();
  watch.Cancel(MH_WHY_DRAIN);
  feed.Cancel(MH_WHY_DRAIN);
  host_.Run();
  EXPECT_EQ(watch.code(), 14);
  EXPECT_EQ(feed.code(), 1001);
}

TEST_F(Catalog, SyncAnswersEachEditInOrder) {
  FakeCall& sync = host_.Grpc(kService + "Sync");
  catalog::v1::Edit create, update, remove;
  create.mutable_create()->set_name("bolt");
  update.mutable_update()->set_id(1);
  update.mutable_update()->set_name("nut");
  update.mutable_update()->set_revision(7);
  remove.set_delete_(1);
  for (const auto& edit : {create, update, remove, catalog::v1::Edit()}) {
    sync.Send(edit.SerializeAsString());
  }
  sync.HalfClose();
  host_.Run();
  ASSERT_EQ(sync.messages().size(), 4u);
  const auto conflict = Parse<catalog::v1::EditResult>(sync.messages()[1]);
  EXPECT_EQ(conflict.code(), static_cast<int32_t>(mh::Code::kAborted));
  EXPECT_EQ(conflict.item().name(), "bolt");
  EXPECT_EQ(Parse<catalog::v1::EditResult>(sync.messages()[2]).code(), 0);
  EXPECT_EQ(Parse<catalog::v1::EditResult>(sync.messages()[3]).code(), 3);
  EXPECT_EQ(sync.code(), 0);
}

TEST_F(Catalog, TheWebSocketFeedSendsChangesUntilThePeerCloses) {
  FakeCall& feed = host_.WebSocket("/v1/items/watch");
  host_.Run();
  feed.Send("nobody listens", MH_MSG_TEXT);
  host_.Http("POST", "/v1/items", R"({"name":"bolt"})");
  host_.Run();
  ASSERT_EQ(feed.messages().size(), 1u);
  EXPECT_EQ(feed.message_flags()[0], MH_MSG_TEXT);
  EXPECT_EQ(feed.messages()[0].substr(0, 40), R"({"kind":"created","item":{"id":1,"name":)");
  EXPECT_GT(feed.credits(), 0u);
  feed.HalfClose();
  host_.Run();
  EXPECT_TRUE(feed.finished());
  EXPECT_EQ(feed.code(), 0);
}

TEST(CatalogSettings, ABadDatabaseRefusesTheLoad) {
  FakeHost host;
  const mh::Status loaded =
      host.Load(MODULES_DIR "/catalog.so", R"({"database": "/nowhere/x.db"})");
  EXPECT_EQ(loaded.text(), "create: database \"/nowhere/x.db\": unable to open database file");
}

}  // namespace
