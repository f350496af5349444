// SPDX-License-Identifier: Apache-2.0
//
// S61: what profile "production" refuses may be asked for, and then it is listed.
#include "host/config/production_overrides.h"

#include <gtest/gtest.h>

#include "host/config/load.h"

namespace meshhost {
namespace {

constexpr char kListeners[] = R"(
[[listener]]
name = "plain"
address = "127.0.0.1:1"
allow_plaintext = true
[[listener]]
name = "open"
address = "127.0.0.1:2"
[listener.tls]
certificate = "c"
key = "k"
client_auth = "none"
[[listener]]
name = "asks"
address = "127.0.0.1:3"
[listener.tls]
certificate = "c"
key = "k"
client_auth = "request"
client_ca = "ca"
[[listener]]
name = "strict"
address = "127.0.0.1:4"
[listener.tls]
certificate = "c"
key = "k"
client_auth = "require"
client_ca = "ca"
[[listener]]
name = "local"
address = "unix:/run/a"
allow_plaintext = true
[grpc]
reflection = true
)";

std::vector<std::string> Overrides(const std::string& text) {
  const ConfigResult result = ParseConfig(text, "f", "/etc/meshhost", FileChecks::kOff);
  EXPECT_TRUE(result.ok()) << FormatErrors(result.errors);
  std::vector<std::string> shown;
  for (const ProductionOverride& one : ProductionOverrides(*result.config)) {
    shown.push_back(std::to_string(one.position.line) + " " + one.key + ": " + one.effect);
  }
  return shown;
}

TEST(ProductionOverrides, S61_EachOverrideIsListedWithItsPlaceAndEffect) {
  EXPECT_EQ(
      Overrides(std::string("[host]\nprofile = \"production\"") + kListeners),
      (std::vector<std::string>{
          "6 listener[0].allow_plaintext: listener \"plain\" serves plaintext TCP",
          "13 listener[1].tls.client_auth: listener \"open\" serves clients without a certificate",
          "20 listener[2].tls.client_auth: listener \"asks\" serves clients without a certificate "
          "(client_auth is \"request\")",
          "35 grpc.reflection: every client can list services and methods"}));
}

TEST(ProductionOverrides, OtherProfilesHaveNone) {
  EXPECT_EQ(Overrides(kListeners), std::vector<std::string>());
}

}  // namespace
}  // namespace meshhost
