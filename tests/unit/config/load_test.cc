// SPDX-License-Identifier: Apache-2.0
//
// What a valid file becomes. Texts are loaded as if they lay in /etc/meshhost, without asking the
// file system; bad_input_test.cc has what is refused, check_files_test.cc the files.
#include "host/config/load.h"

#include <gtest/gtest.h>

namespace meshhost {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kListener = R"(
[[listener]]
name = "a"
address = "127.0.0.1:8080"
)";

std::shared_ptr<const Config> Load(std::string_view text) {
  ConfigResult result = ParseConfig(text, "test.toml", "/etc/meshhost", FileChecks::kOff);
  EXPECT_TRUE(result.ok()) << FormatErrors(result.errors);
  return result.ok() ? result.config : std::make_shared<const Config>();
}

TEST(Load, FillsEveryUnwrittenKeyWithTheMeshDefault) {
  const auto config = Load(kListener);
  EXPECT_EQ(config->host.name, "meshhost");
  EXPECT_EQ(config->limits.max_connections, 32768u);
  EXPECT_EQ(config->limits.header_bytes, 60u * 1024);
  EXPECT_EQ(config->timeouts.request, seconds(30));
  EXPECT_EQ(config->drain.delay, seconds(5));
  EXPECT_EQ(config->admin.address.ToString(), "127.0.0.1:9901");
  EXPECT_TRUE(config->grpc.reflection);
  EXPECT_TRUE(config->modules.empty());
  ASSERT_EQ(config->listeners.size(), 1u);
  EXPECT_EQ(config->listeners[0].protocols, ProtocolSet());
  EXPECT_FALSE(config->listeners[0].tls.has_value());
}

// S66: the limits of the requirements, as bytes.
TEST(Load, S66_HasTheMessageLimitsOfTheRequirements) {
  const auto config = Load(kListener);
  EXPECT_EQ(config->limits.grpc_message_in, 4u << 20);
  EXPECT_EQ(config->limits.grpc_message_out, 4u << 20);
  EXPECT_EQ(config->limits.http_body, 1u << 20);
  EXPECT_EQ(config->limits.websocket_message, 1u << 20);
  EXPECT_EQ(config->limits.websocket_frame, 64u << 10);
}

TEST(Load, ReadsSizesAndTimesWithTheirUnits) {
  const auto config = Load(std::string(kListener) + R"(
[limits]
grpc_message_in = "16MiB"
header_bytes = "32KB"
[timeouts]
request = "1500ms"
http2_idle = "2h"
)");
  EXPECT_EQ(config->limits.grpc_message_in, 16u << 20);
  EXPECT_EQ(config->limits.header_bytes, 32000u);
  EXPECT_EQ(config->timeouts.request, milliseconds(1500));
  EXPECT_EQ(config->timeouts.http2_idle, minutes(120));
}

TEST(Load, EdgeProfileChangesOnlyUnwrittenDefaults) {
  const auto config = Load(R"(
[host]
profile = "edge"
[limits]
connection_buffer = "1MiB"
[[listener]]
name = "a"
address = "0.0.0.0:443"
[listener.tls]
certificate = "c"
key = "k"
)");
  EXPECT_EQ(config->limits.header_bytes, 16u * 1024);
  EXPECT_EQ(config->limits.h2_max_concurrent_streams, 100u);
  EXPECT_EQ(config->timeouts.header_read, seconds(10));
  EXPECT_EQ(config->listeners[0].tls->min_version, TlsConfig::Version::kTls13);
  EXPECT_EQ(config->limits.connection_buffer, 1u << 20);
}

// S61: production drops what is unsafe, and an explicit override is honoured.
TEST(Load, S61_ProductionTurnsReflectionOffUnlessWritten) {
  const std::string production =
      "[host]\nprofile = \"production\"\n[[listener]]\nname = \"a\"\naddress = \"unix:/run/a\"\n";
  EXPECT_FALSE(Load(production)->grpc.reflection);
  EXPECT_TRUE(Load(production + "[grpc]\nreflection = true\n")->grpc.reflection);
}

TEST(Load, S61_ProductionTakesPlaintextThatIsAskedFor) {
  const auto config = Load(R"(
[host]
profile = "production"
[[listener]]
name = "a"
address = "127.0.0.1:80"
allow_plaintext = true
)");
  EXPECT_TRUE(config->listeners[0].allow_plaintext);
}

TEST(Load, ReadsListenersWithTlsAndServerNames) {
  const auto config = Load(R"(
[[listener]]
name = "unix"
address = "unix:run/a.sock"
unix_mode = "0600"
protocols = ["grpc"]

[[listener]]
name = "tls"
address = "[::1]:8443"
[listener.tls]
certificate = "tls/server.crt"
key = "/secret/server.key"
client_auth = "require"
client_ca = "../ca.crt"
[[listener.tls.sni]]
names = ["A.example", "*.b.example"]
certificate = "b.crt"
key = "b.key"
)");
  ASSERT_EQ(config->listeners.size(), 2u);
  const ListenerConfig& local = config->listeners[0];
  EXPECT_EQ(local.address.path, "/etc/meshhost/run/a.sock");
  EXPECT_EQ(local.unix_mode, 0600u);
  EXPECT_EQ(local.protocols, (ProtocolSet{false, false, true, false}));
  EXPECT_TRUE(local.protocols.UsesHttp2());
  EXPECT_FALSE(local.protocols.UsesHttp1());

  ASSERT_TRUE(config->listeners[1].tls.has_value());
  const TlsConfig& tls = *config->listeners[1].tls;
  EXPECT_EQ(tls.certificate.path, "/etc/meshhost/tls/server.crt");
  EXPECT_EQ(tls.key.path, "/secret/server.key");
  ASSERT_EQ(tls.client_ca.size(), 1u);
  EXPECT_EQ(tls.client_ca[0].path, "/etc/ca.crt");
  EXPECT_EQ(tls.client_auth, TlsConfig::ClientAuth::kRequire);
  ASSERT_EQ(tls.sni.size(), 1u);
  EXPECT_EQ(tls.sni[0].names, (std::vector<std::string>{"a.example", "*.b.example"}));
  EXPECT_EQ(tls.sni[0].key.path, "/etc/meshhost/b.key");
}

// S75: several authorities while they overlap; one file needs no brackets.
TEST(Load, S75_FilesAreAPathOrAListOfPaths) {
  const auto read = [](const std::string& keys) {
    const auto config = Load(
        "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\n"
        "[listener.tls]\ncertificate = \"c\"\nkey = \"k\"\n"
        "client_auth = \"require\"\n" +
        keys);
    std::vector<std::string> paths;
    for (const FilePath& file : config->listeners[0].tls->client_ca) paths.push_back(file.path);
    for (const FilePath& file : config->listeners[0].tls->client_crl) paths.push_back(file.path);
    return paths;
  };
  const std::vector<std::string> one = {"/etc/meshhost/a.crt"};
  EXPECT_EQ(read("client_ca = \"a.crt\"\n"), one);
  EXPECT_EQ(read("client_ca = [\"a.crt\"]\nclient_crl = \"\"\n"), one);
  EXPECT_EQ(read("client_ca = [\"a.crt\", \"/b.crt\"]\nclient_crl = [\"a.crl\", \"b.crl\"]\n"),
            (std::vector<std::string>{"/etc/meshhost/a.crt", "/b.crt", "/etc/meshhost/a.crl",
                                      "/etc/meshhost/b.crl"}));
}

TEST(Load, ReadsModulesWithMethodOverrides) {
  const auto config = Load(std::string(kListener) + R"(
[[module]]
name = "catalog"
path = "catalog.so"
allowed_libraries = ["libsqlite3.so.0"]
hosts = ["API.example", "*.example", "localhost", "127.0.0.1", "[0:0::1]", "xn--4ca.example"]
sha256 = "ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
[[module.method]]
match = "catalog.v1.Catalog/Import"
timeout = "5min"
max_message = "64MiB"
[[module.method]]
match = "GET /v1/items"
max_in_flight = 7
)");
  ASSERT_EQ(config->modules.size(), 1u);
  const ModuleConfig& module = config->modules[0];
  EXPECT_EQ(module.path.path, "/etc/meshhost/catalog.so");
  EXPECT_EQ(module.allowed_libraries, std::vector<std::string>{"libsqlite3.so.0"});
  EXPECT_EQ(module.hosts, (std::vector<std::string>{"api.example", "*.example", "localhost",
                                                    "127.0.0.1", "[::1]", "xn--4ca.example"}));
  EXPECT_EQ(module.sha256, "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789");
  EXPECT_EQ(module.config_json, "{}");
  ASSERT_EQ(module.methods.size(), 2u);
  EXPECT_EQ(module.methods[0].timeout, minutes(5));
  EXPECT_EQ(module.methods[0].max_message, 64u << 20);
  EXPECT_EQ(module.methods[1].match, "GET /v1/items");
  EXPECT_EQ(module.methods[1].max_in_flight, 7u);
}

TEST(Load, HandsFreeFormSettingsOverAsJson) {
  const auto config = Load(std::string(kListener) + R"(
[[module]]
name = "m"
path = "m.so"
[module.config]
big = 9007199254740993
ratio = 0.5
on = true
text = "a\"b\u00e9"
day = 2026-11-22
at = 2026-11-22T13:00:00Z
list = [1, "two", [3]]
nested = { deep = { x = 1 } }
"odd key" = -1
)");
  EXPECT_EQ(config->modules[0].config_json,
            "{\"at\":\"2026-11-22T13:00:00Z\",\"big\":9007199254740993,\"day\":\"2026-11-22\","
            "\"list\":[1,\"two\",[3]],\"nested\":{\"deep\":{\"x\":1}},\"odd key\":-1,\"on\":true,"
            "\"ratio\":0.5,\"text\":\"a\\\"b\xC3\xA9\"}");
}

TEST(Load, KeepsThePlacesThatLaterErrorsNeed) {
  const auto config = Load(
      "[[listener]]\n"
      "name = \"a\"\n"
      "  address = \"127.0.0.1:1\"\n"
      "[listener.tls]\n"
      "certificate = \"c\"\n"
      "key = \"k\"\n"
      "[[module]]\n"
      "name = \"m\"\n"
      "path = \"m.so\"\n"
      "[[module.method]]\n"
      "match = \"a.B/C\"\n");
  EXPECT_EQ(config->file, "test.toml");
  EXPECT_EQ(config->listeners[0].position, (Position{1, 1}));
  EXPECT_EQ(config->Where("listener[0].address"), (Position{3, 3}));
  EXPECT_EQ(config->listeners[0].tls->key.position, (Position{6, 1}));
  EXPECT_EQ(config->modules[0].position, (Position{7, 1}));
  EXPECT_EQ(config->modules[0].path.position, (Position{9, 1}));
  EXPECT_EQ(config->modules[0].methods[0].position, (Position{10, 1}));
  EXPECT_EQ(config->Where("module[0].method[0].match"), (Position{11, 1}));
  EXPECT_EQ(config->Where("limits.backlog"), (Position{0, 0}));
}

TEST(Load, TakesInlineTablesAndDottedKeys) {
  const auto config = Load(
      "limits.backlog = 7\n"
      "listener = [{name = \"a\", address = \"127.0.0.1:1\", tls = {certificate = \"c\", key = "
      "\"k\"}}]\n");
  EXPECT_EQ(config->limits.backlog, 7u);
  ASSERT_EQ(config->listeners.size(), 1u);
  EXPECT_TRUE(config->listeners[0].tls.has_value());
}

}  // namespace
}  // namespace meshhost
