// SPDX-License-Identifier: Apache-2.0
#include "host/config/print.h"

#include <gtest/gtest.h>

#include "host/config/load.h"

namespace meshhost {
namespace {

constexpr std::string_view kText = R"(
[limits]
grpc_message_in = "16MiB"
[[listener]]
name = "local"
address = "unix:/run/a.sock"
unix_mode = "0600"
protocols = ["grpc", "http2"]
[[listener]]
name = "tls"
address = "[::1]:8443"
[listener.tls]
certificate = "/c"
key = "/k"
[[listener.tls.sni]]
names = ["a.example"]
certificate = "/c"
key = "/k"
[[module]]
name = "m"
path = "/m.so"
hosts = ["a.example", "*.b.example"]
[module.config]
"odd key" = "line\nbreak\u007f"
nested = {list = [1, 2.5, true], empty = {}}
[[module.method]]
match = "GET /v1/x"
timeout = "90s"
)";

std::shared_ptr<const Config> Load(std::string_view text) {
  ConfigResult result = ParseConfig(text, "test.toml", "/", FileChecks::kOff);
  EXPECT_TRUE(result.ok()) << FormatErrors(result.errors) << text;
  return result.ok() ? result.config : std::make_shared<const Config>();
}

TEST(Print, TomlLoadsToTheSameValues) {
  const auto config = Load(kText);
  for (const Comments comments : {Comments::kNone, Comments::kReference}) {
    const auto again = Load(ToToml(*config, comments));
    EXPECT_EQ(ToJson(*again), ToJson(*config));
    EXPECT_EQ(again->modules[0].config_json, config->modules[0].config_json);
    EXPECT_EQ(ToToml(*again, comments), ToToml(*config, comments));
  }
}

TEST(Print, S65_TomlShowsWrittenAndDefaultValues) {
  const std::string toml = ToToml(*Load(kText));
  EXPECT_NE(toml.find("\ngrpc_message_in = \"16MiB\"\n"), toml.npos);
  EXPECT_NE(toml.find("\ngrpc_message_out = \"4MiB\"\n"), toml.npos);
  EXPECT_NE(toml.find("\nprotocols = [\"http2\", \"grpc\"]\n"), toml.npos);
  EXPECT_NE(toml.find("\nrequest = \"30s\"\n"), toml.npos);
  EXPECT_NE(toml.find("[[module.method]]\nmatch = \"GET /v1/x\"\ntimeout = \"90s\"\n"), toml.npos);
}

TEST(Print, JsonHasTheNamesOfTheToml) {
  const std::string json = ToJson(*Load(kText));
  EXPECT_NE(json.find("\"grpc_message_in\": \"16MiB\""), json.npos);
  EXPECT_NE(json.find("\"max_connections\": 32768"), json.npos);
  EXPECT_NE(json.find("\"unix_mode\": \"0600\""), json.npos);
  EXPECT_NE(json.find("\"reflection\": true"), json.npos);
  EXPECT_NE(json.find("\"odd key\": \"line\\nbreak"), json.npos);
}

// S64: whoever prints the settings does not print what is secret in them.
TEST(Print, S64_SecretsOfModulesAreMasked) {
  const auto config = Load(
      "[[listener]]\nname = \"a\"\naddress = \"unix:/a\"\n[[module]]\nname = \"m\"\npath = \"/m\"\n"
      "[module.config]\ndb_password = \"hunter2\"\nuser = \"joe\"\n"
      "upstreams = [{Api-Token = \"hunter2\"}]\n[module.config.secrets]\na = \"hunter2\"\n");
  for (const std::string& printed : {ToToml(*config), ToJson(*config)}) {
    EXPECT_EQ(printed.find("hunter2"), printed.npos) << printed;
    EXPECT_NE(printed.find("joe"), printed.npos);
    EXPECT_NE(printed.find("***"), printed.npos);
  }
  EXPECT_NE(config->modules[0].config_json.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace meshhost
