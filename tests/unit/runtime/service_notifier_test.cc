// SPDX-License-Identifier: Apache-2.0
// Goal: each step of the host's life is one message in sd_notify(3)'s words. Method: a datagram
// socket where NOTIFY_SOCKET says.
#include "host/runtime/service_notifier.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "host/base/clock.h"
#include "host/base/unique_fd.h"

namespace meshhost {
namespace {

class ServiceNotifierTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/meshhost-test-XXXXXX";
    folder_ = mkdtemp(name);
    const std::string path = folder_ + "/notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    manager_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(manager_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("NOTIFY_SOCKET");
    std::filesystem::remove_all(folder_);
  }

  std::string Next() {
    char text[1024];
    const ssize_t size = ::recv(manager_.get(), text, sizeof text, MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(text, static_cast<size_t>(size));
  }

  std::string folder_;
  UniqueFd manager_;
  const ServiceNotifier notifier_{};
};

TEST_F(ServiceNotifierTest, S83_SaysReady) {
  notifier_.Ready("serving");
  EXPECT_EQ(Next(), "READY=1\nSTATUS=serving");
}

TEST_F(ServiceNotifierTest, S74_SaysReloadingWithTheTimeOfTheMonotonicClock) {
  const uint64_t before = MonotonicNs() / 1000;
  notifier_.Reloading();
  const std::string message = Next();
  const std::string start = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_EQ(message.substr(0, start.size()), start);
  const uint64_t since = std::stoull(message.substr(start.size()));
  EXPECT_GE(since, before);
  EXPECT_LE(since, MonotonicNs() / 1000);
}

TEST_F(ServiceNotifierTest, S84_SaysStoppingAndHowLong) {
  notifier_.Stopping(std::chrono::seconds(35));
  EXPECT_EQ(Next(), "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=35000000");
}

TEST_F(ServiceNotifierTest, TextFromElsewhereCannotAddAssignments) {
  notifier_.Status("reload refused: x\nMAINPID=1\r\n");
  EXPECT_EQ(Next(), "STATUS=reload refused: x MAINPID=1  ");
}

TEST_F(ServiceNotifierTest, DoesNothingWithoutAServiceManager) {
  unsetenv("NOTIFY_SOCKET");
  notifier_.Ready("serving");
  notifier_.Alive();
  EXPECT_EQ(Next(), "nothing");
}

TEST_F(ServiceNotifierTest, S83_OnlyTheMainProcessSpeaks) {
  ServiceNotifier before;
  ServiceNotifier after(ServiceNotifier::Process::kSuccessor);
  after.Ready("too early");
  EXPECT_EQ(Next(), "nothing");
  before.HandOver(4711);
  EXPECT_EQ(Next(), "MAINPID=4711\nSTATUS=replaced by a new process");
  before.Alive();
  EXPECT_EQ(Next(), "nothing");
  after.BecomeMain();
  after.Ready("serving");
  EXPECT_EQ(Next(), "READY=1\nSTATUS=serving");
}

}  // namespace
}  // namespace meshhost
