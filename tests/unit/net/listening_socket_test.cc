// SPDX-License-Identifier: Apache-2.0
// Goal: listeners bind all or say why not; nobody's port is joined unseen. Method: real sockets on
// free loopback ports and unix paths.
#include "host/net/listening_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace meshhost {
namespace {

ListenerConfig Tcp(const std::string& address) {
  ListenerConfig config;
  config.name = "test";
  config.address = *ParseBindAddress(address);
  return config;
}

absl::StatusOr<ListeningSockets> Bind(const ListenerConfig& config, uint32_t workers) {
  InheritedSockets none;
  return Listen(config, workers, 16, none);
}

TEST(ListeningSocket, S83_OnePortForAllWorkers) {
  const auto sockets = Bind(Tcp("127.0.0.1:0"), 3);
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_EQ(sockets->per_worker.size(), 3u);
  EXPECT_NE(sockets->bound.port, 0);
}

TEST(ListeningSocket, IPv6IsServed) {
  const auto sockets = Bind(Tcp("[::1]:0"), 2);
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_NE(sockets->bound.port, 0);
}

TEST(ListeningSocket, S83_APortThatAnotherListensOnIsAnErrorThatNamesIt) {
  const auto first = Bind(Tcp("127.0.0.1:0"), 2);
  ASSERT_TRUE(first.ok());
  const std::string address = first->bound.ToString();
  const auto second = Bind(Tcp(address), 2);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(address), std::string::npos) << second.status();
  EXPECT_NE(second.status().message().find("listener \"test\""), std::string::npos);
}

class UnixSocket : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/meshhost-test-XXXXXX";
    folder_ = mkdtemp(name);
    config_ = Tcp("127.0.0.1:0");
    config_.address = *ParseBindAddress("unix:" + folder_ + "/s");
    config_.unix_mode = 0600;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  ListenerConfig config_;
};

TEST_F(UnixSocket, HasTheConfiguredModeAndIsSharedByWorkers) {
  const auto sockets = Bind(config_, 2);
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_EQ(sockets->per_worker.size(), 2u);
  struct stat info;
  ASSERT_EQ(::stat(config_.address.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(UnixSocket, ALeftOverSocketFileIsReplacedALivingOneIsNot) {
  {
    // A crash closes the socket but leaves the file: moved aside while the listener goes.
    const std::string aside = config_.address.path + ".aside";
    const auto crashed = Bind(config_, 1);
    std::filesystem::rename(config_.address.path, aside);
  }
  std::filesystem::rename(config_.address.path + ".aside", config_.address.path);
  const auto living = Bind(config_, 1);
  ASSERT_TRUE(living.ok()) << living.status();
  const auto second = Bind(config_, 1);
  EXPECT_FALSE(second.ok());
}

TEST_F(UnixSocket, TheFileGoesWithTheListener) {
  { const auto sockets = Bind(config_, 2); }
  EXPECT_FALSE(std::filesystem::exists(config_.address.path));
}

TEST_F(UnixSocket, AFileThatIsNoSocketIsNotTouched) {
  FILE* file = fopen(config_.address.path.c_str(), "w");
  fclose(file);
  const auto sockets = Bind(config_, 1);
  EXPECT_FALSE(sockets.ok());
  EXPECT_TRUE(std::filesystem::is_regular_file(config_.address.path));
}

}  // namespace
}  // namespace meshhost
