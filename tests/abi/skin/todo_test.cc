// SPDX-License-Identifier: Apache-2.0
//
// Goal: the sample of sdk/README.md does CRUD, and a module can be tested with FakeHost alone.
// Method: the built todo.so under FakeHost.
#include <gtest/gtest.h>
#include <meshhost/test/fake_host.h>

namespace {

using mh::test::FakeCall;
using mh::test::FakeHost;

class Todo : public testing::Test {
 protected:
  void Load(const std::string& config = "{}") {
    const mh::Status loaded = host_.Load(MODULES_DIR "/todo.so", config);
    ASSERT_TRUE(loaded.ok()) << loaded.text();
  }

  FakeHost host_;
};

TEST_F(Todo, S60_CreatesReadsUpdatesAndDeletes) {
  Load();
  FakeCall& created = host_.Http("POST", "/todos", R"({"title":"milk"})");
  EXPECT_EQ(created.head_code(), 201);
  EXPECT_EQ(created.Header("location"), "/todos/1");
  EXPECT_EQ(created.messages().at(0), R"({"id":1,"title":"milk","done":false})");

  FakeCall& updated = host_.Http("PUT", "/todos/1", R"({"title":"milk","done":true})");
  EXPECT_EQ(updated.head_code(), 200);
  EXPECT_EQ(host_.Http("GET", "/todos").messages().at(0),
            R"([{"id":1,"title":"milk","done":true}])");
  EXPECT_EQ(host_.Metric("todo_items"), 1);

  FakeCall& removed = host_.Http("DELETE", "/todos/1");
  EXPECT_EQ(removed.head_code(), 204);
  EXPECT_TRUE(removed.messages().empty());
  FakeCall& gone = host_.Http("GET", "/todos/1");
  EXPECT_EQ(gone.code(), static_cast<int32_t>(mh::Code::kNotFound));
  EXPECT_EQ(host_.live_blocks(), 0);
}

TEST_F(Todo, AnUpgradeKeepsTheNotes) {
  Load();
  host_.Http("POST", "/todos", R"({"title":"milk"})");
  host_.Http("POST", "/todos", R"({"title":"bread","done":true})");
  host_.Http("DELETE", "/todos/1");
  FakeHost next;
  ASSERT_TRUE(next.Load(MODULES_DIR "/todo.so", "{}", &host_).ok());
  EXPECT_EQ(next.Http("GET", "/todos").messages().at(0),
            R"([{"id":2,"title":"bread","done":true}])");
  EXPECT_EQ(next.Http("POST", "/todos", R"({"title":"salt"})").Header("location"), "/todos/3");
  EXPECT_EQ(next.Metric("todo_items"), 2);
}

TEST_F(Todo, AnUpgradeStartsEmptyWhereTheHostTakesLessState) {
  Load();
  host_.Http("POST", "/todos", R"({"title":"milk"})");
  FakeHost next;
  next.set_state_limit(10);
  ASSERT_TRUE(next.Load(MODULES_DIR "/todo.so", "{}", &host_).ok());
  EXPECT_EQ(next.Http("GET", "/todos").messages().at(0), "[]");
}

TEST_F(Todo, RefusesBodiesThatAreNoNote) {
  Load();
  for (const char* body : {"", "[1]", "{", R"({"title":7})", R"({"done":true})"}) {
    FakeCall& call = host_.Http("POST", "/todos", body);
    EXPECT_EQ(call.code(), static_cast<int32_t>(mh::Code::kInvalidArgument)) << body;
  }
}

TEST_F(Todo, HoldsItsConfiguredLimit) {
  Load(R"({"max_items": 1})");
  EXPECT_EQ(host_.Http("POST", "/todos", R"({"title":"a"})").head_code(), 201);
  EXPECT_EQ(host_.Http("POST", "/todos", R"({"title":"b"})").code(),
            static_cast<int32_t>(mh::Code::kResourceExhausted));
}

TEST_F(Todo, NamesAnUnknownSetting) {
  const mh::Status loaded = host_.Load(MODULES_DIR "/todo.so", R"({"max_itmes": 1})");
  EXPECT_EQ(loaded.text(), "create: [module.config] max_itmes is unknown; known are max_items");
}

TEST_F(Todo, NamesASettingOutOfRange) {
  const mh::Status loaded = host_.Load(MODULES_DIR "/todo.so", R"({"max_items": 0})");
  EXPECT_EQ(loaded.text(), "create: [module.config] max_items is out of range");
}

}  // namespace
