// SPDX-License-Identifier: Apache-2.0
//
// Goal: settings reach a struct, and what is wrong with them is named; queries and paths decode;
// the mh.config/1 of FakeHost finds values by JSON Pointer.
// Method: the headers alone.
#include <gtest/gtest.h>
#include <meshhost/config.h>
#include <meshhost/http.h>
#include <meshhost/test/fake_exec.h>

namespace {

struct Shard {
  std::string name;
  int32_t weight = 1;
  void Describe(auto& fields) {
    fields("name", name);
    fields("weight", weight, 0, 10);
  }
};

struct Config {
  std::string path = "default";
  bool on = false;
  double ratio = 0.5;
  std::chrono::milliseconds timeout{100};
  std::vector<std::string> names;
  std::vector<Shard> shards;
  Shard main;
  void Describe(auto& fields) {
    fields("path", path);
    fields("on", on);
    fields("ratio", ratio, 0, 1);
    fields("timeout", timeout);
    fields("names", names);
    fields("shards", shards);
    fields("main", main);
  }
};

std::string Error(std::string_view json) {
  Config config;
  return mh::ReadConfig(mh::Settings(json), config).text();
}

TEST(Settings, FillAStructAndLeaveDefaults) {
  Config config;
  ASSERT_TRUE(mh::ReadConfig(mh::Settings(R"( { "on" : true, "ratio": 1, "timeout": "2s",
      "names": ["a\n\u00e4\ud83d\ude00", ""], "shards": [{"name": "x", "weight": 3}, {}],
      "main": {"name": "\"m\""} } )"),
                             config)
                  .ok());
  EXPECT_EQ(config.path, "default");
  EXPECT_TRUE(config.on);
  EXPECT_EQ(config.ratio, 1);
  EXPECT_EQ(config.timeout, std::chrono::seconds(2));
  EXPECT_EQ(config.names, (std::vector<std::string>{"a\n\u00e4\U0001F600", ""}));
  ASSERT_EQ(config.shards.size(), 2u);
  EXPECT_EQ(config.shards[0].weight, 3);
  EXPECT_EQ(config.main.name, "\"m\"");
  EXPECT_TRUE(mh::ReadConfig(mh::Settings(""), config).ok());
}

TEST(Settings, NameWhatIsWrong) {
  EXPECT_EQ(Error(R"({"path": 1})"), "[module.config] path must be text");
  EXPECT_EQ(Error(R"({"on": 1})"), "[module.config] on must be true or false");
  EXPECT_EQ(Error(R"({"ratio": 2})"), "[module.config] ratio is out of range");
  EXPECT_EQ(Error(R"({"timeout": "2 s"})"),
            "[module.config] timeout must be a time such as \"250ms\" or \"5s\"");
  EXPECT_EQ(Error(R"({"shards": [{}, {"weight": 1.5}]})"),
            "[module.config] shards[1].weight must be an integer");
  EXPECT_EQ(Error(R"({"main": {"nam": ""}})"),
            "[module.config] main.nam is unknown; known are name, weight");
  EXPECT_EQ(Error(R"({"names": ["a" "b"]})"), "[module.config] names is no JSON");
  for (const char* broken : {"{", "[", R"({"path")", R"({"path":"\ud800"})", R"({"path":"a)"}) {
    EXPECT_NE(Error(broken), "") << broken;
  }
}

TEST(PercentDecode, DecodesWhatIsWellFormed) {
  EXPECT_EQ(mh::PercentDecode("a%20b+c%2", true), "a b c%2");
  EXPECT_EQ(mh::PercentDecode("%zz%41+", false), "%zzA+");
}

TEST(FakeConfig, FindsValuesByPointer) {
  mh::test::FakeConfig config(R"({"a": {"b": [1, {"c": "deep"}]}, "n": -2.5, "t": true})");
  mh_str text;
  double number;
  int64_t integer;
  int32_t boolean;
  size_t count;
  ASSERT_EQ(config.Text("/a/b/1/c", &text), MH_OK);
  EXPECT_EQ(mh::View(text), "deep");
  EXPECT_EQ(config.ReadNumber("/a/b/0", &integer), MH_OK);
  EXPECT_EQ(config.ReadNumber("/n", &number), MH_OK);
  EXPECT_EQ(number, -2.5);
  EXPECT_EQ(config.ReadNumber("/n", &integer), MH_INVALID);
  EXPECT_EQ(config.Boolean("/t", &boolean), MH_OK);
  EXPECT_EQ(config.Count("/a/b", &count), MH_OK);
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(config.Count("", &count), MH_OK);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(config.Text("/a/x", &text), MH_UNSUPPORTED);
  EXPECT_EQ(config.Text("/t", &text), MH_INVALID);
}

}  // namespace
