// SPDX-License-Identifier: Apache-2.0
#include "host/config/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/config/load.h"

namespace meshhost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kListener = "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\n";
constexpr std::string_view kModule =
    "[[module]]\nname = \"m\"\npath = \"/m.so\"\n[module.config]\npassword = \"one\"\nsize = 1\n";

std::shared_ptr<const Config> Parse(const std::string& text) {
  ConfigResult result = ParseConfig(text, "f", "/", FileChecks::kOff);
  EXPECT_TRUE(result.ok()) << FormatErrors(result.errors);
  return result.config;
}

// "key: before -> after" of each change.
std::vector<std::string> Changes(const std::string& before, const std::string& after) {
  std::vector<std::string> lines;
  for (const ConfigChange& change : Diff(*Parse(before), *Parse(after))) {
    lines.push_back(change.key + ": " + change.before + " -> " + change.after);
  }
  return lines;
}

const std::string kBase = std::string(kListener) + std::string(kModule);

TEST(ConfigDiff, S78_EqualFilesDifferInNothing) {
  EXPECT_THAT(Changes(kBase, "# with a comment\n" + kBase), IsEmpty());
  EXPECT_THAT(Changes(kBase, kBase + "[limits]\nhttp_body = \"1MiB\"\n"), IsEmpty());
}

TEST(ConfigDiff, S78_NamesKeysWithBothValues) {
  EXPECT_THAT(Changes(kBase, "[limits]\nhttp_body = \"2MiB\"\n" + kBase),
              ElementsAre("limits.http_body: \"1MiB\" -> \"2MiB\""));
}

TEST(ConfigDiff, S78_TellsTablesApartByNameNotByPlace) {
  const std::string other = "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:2\"\n";
  EXPECT_THAT(Changes(kBase, other + kBase), ElementsAre("listener.b:  -> present"));
  EXPECT_THAT(Changes(other + kBase, kBase), ElementsAre("listener.b: present -> "));
  EXPECT_THAT(
      Changes(other + kBase, kBase + "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:3\"\n"),
      ElementsAre("listener.b.address: \"127.0.0.1:2\" -> \"127.0.0.1:3\""));
}

TEST(ConfigDiff, S78_MethodsAreToldApartByWhatTheyMatch) {
  const std::string method = "[[module.method]]\nmatch = \"GET /x\"\ntimeout = ";
  EXPECT_THAT(Changes(kBase + method + "\"1s\"\n", kBase + method + "\"2s\"\n"),
              ElementsAre("module.m.method.GET /x.timeout: \"1s\" -> \"2s\""));
}

// A secret that changed is a change, but is not shown.
TEST(ConfigDiff, S67_SecretsOfModulesAreMasked) {
  std::string other = kBase;
  other.replace(other.find("one"), 3, "two");
  const std::vector<std::string> changes = Changes(kBase, other);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_THAT(changes[0], HasSubstr("module.m.config"));
  EXPECT_EQ(changes[0].find("one"), std::string::npos);
  EXPECT_EQ(changes[0].find("two"), std::string::npos);
}

TEST(ConfigDiff, S74_AColdKeyIsAnErrorWithItsPlace) {
  const auto before = Parse(kBase);
  const auto hot = Parse("[limits]\nhttp_body = \"2MiB\"\n" + kBase);
  EXPECT_TRUE(CheckAllHot(Diff(*before, *hot), "f").ok());
  const auto cold = Parse("[host]\nworkers = 3\n" + kBase);
  EXPECT_EQ(CheckAllHot(Diff(*before, *cold), "f").message(),
            "f:2:1: error: host.workers takes a restart: it is 0, the file has 3");
}

}  // namespace
}  // namespace meshhost
