// SPDX-License-Identifier: Apache-2.0
#include "host/config/bind_address.h"

#include <gtest/gtest.h>

namespace meshhost {
namespace {

BindAddress Parsed(std::string_view text) {
  auto address = ParseBindAddress(text);
  EXPECT_TRUE(address.ok()) << text << ": " << address.status();
  return address.value_or(BindAddress());
}

std::string Refusal(std::string_view text) {
  const auto address = ParseBindAddress(text);
  return address.ok() ? "accepted" : std::string(address.status().message());
}

TEST(BindAddress, PrintsWhatItParsed) {
  for (const char* text :
       {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:8443", "[::]:1", "unix:/run/a.sock", "systemd:web"}) {
    EXPECT_EQ(Parsed(text).ToString(), text);
  }
}

TEST(BindAddress, CanonicalisesIpv6SoThatEqualAddressesAreEqual) {
  EXPECT_EQ(Parsed("[0:0:0:0:0:0:0:1]:80"), Parsed("[::1]:80"));
}

TEST(BindAddress, SaysWhatIsWrong) {
  EXPECT_EQ(Refusal("127.0.0.1"), "the port is missing");
  EXPECT_EQ(Refusal("127.0.0.1:"), "port \"\" is not 0 .. 65535");
  EXPECT_EQ(Refusal("127.0.0.1:65536"), "port \"65536\" is not 0 .. 65535");
  EXPECT_EQ(Refusal("127.0.0.1:-1"), "port \"-1\" is not 0 .. 65535");
  EXPECT_EQ(Refusal("localhost:80"), "\"localhost\" is not an IPv4 address");
  EXPECT_EQ(Refusal(":80"), "\"\" is not an IPv4 address");
  EXPECT_EQ(Refusal("::1:80"), "an IPv6 address is written [ADDRESS]:PORT");
  EXPECT_EQ(Refusal("[::1]"), "an IPv6 address is written [ADDRESS]:PORT");
  EXPECT_EQ(Refusal("[::g]:80"), "\"::g\" is not an IPv6 address");
  EXPECT_EQ(Refusal("unix:"), "the path after unix: is empty");
  const std::string name =
      "the name after systemd: is not 1 .. 255 printable characters without space and \":\"";
  EXPECT_EQ(Refusal("systemd:"), name);
  EXPECT_EQ(Refusal("systemd:a b"), name);
  EXPECT_EQ(Refusal("systemd:a:b"), name);
  EXPECT_EQ(Refusal("systemd:" + std::string(256, 'x')), name);
}

TEST(BindAddress, KnowsLoopbackAndWildcard) {
  EXPECT_TRUE(Parsed("127.0.0.9:1").IsLoopback());
  EXPECT_TRUE(Parsed("[::1]:1").IsLoopback());
  EXPECT_FALSE(Parsed("10.0.0.1:1").IsLoopback());
  EXPECT_FALSE(Parsed("unix:/x").IsLoopback());
  EXPECT_TRUE(Parsed("0.0.0.0:1").IsWildcard());
  EXPECT_TRUE(Parsed("[::]:1").IsWildcard());
  EXPECT_FALSE(Parsed("[::1]:1").IsWildcard());
}

TEST(BindAddress, OverlapsWhereTheKernelWouldRefuseOrShadow) {
  EXPECT_TRUE(Overlap(Parsed("127.0.0.1:80"), Parsed("127.0.0.1:80")));
  EXPECT_TRUE(Overlap(Parsed("0.0.0.0:80"), Parsed("127.0.0.1:80")));
  EXPECT_TRUE(Overlap(Parsed("[::1]:80"), Parsed("[::]:80")));
  EXPECT_TRUE(Overlap(Parsed("unix:/a"), Parsed("unix:/a")));
  EXPECT_FALSE(Overlap(Parsed("127.0.0.1:80"), Parsed("127.0.0.1:81")));
  EXPECT_FALSE(Overlap(Parsed("127.0.0.1:80"), Parsed("127.0.0.2:80")));
  EXPECT_FALSE(Overlap(Parsed("0.0.0.0:80"), Parsed("[::]:80")));
  EXPECT_FALSE(Overlap(Parsed("127.0.0.1:0"), Parsed("127.0.0.1:0")));
  EXPECT_FALSE(Overlap(Parsed("unix:/a"), Parsed("unix:/b")));
  EXPECT_TRUE(Overlap(Parsed("systemd:a"), Parsed("systemd:a")));
  EXPECT_FALSE(Overlap(Parsed("systemd:a"), Parsed("systemd:b")));
}

TEST(BindAddress, RefusesAUnixPathThatTheKernelWouldCutOff) {
  EXPECT_TRUE(CheckUnixPathLength(Parsed("unix:/" + std::string(106, 'x'))).ok());
  EXPECT_FALSE(CheckUnixPathLength(Parsed("unix:/" + std::string(107, 'x'))).ok());
}

}  // namespace
}  // namespace meshhost
