// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/socket_handoff.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "host/net/descriptor_message.h"

namespace meshhost {
namespace {

using From = InheritedSocket::From;

class SocketHandoffTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    from_.reset(ends[0]);
    to_.reset(ends[1]);
  }

  static SocketHandoff Empty() {
    return {{}, BindAddress{BindAddress::Family::kIpv4, "127.0.0.1", 9901, ""}};
  }
  UniqueFd Any() const { return UniqueFd(::dup(to_.get())); }

  std::string Refusal(const std::string& text) {
    EXPECT_TRUE(SendDescriptors(from_.get(), text, std::vector<int>{to_.get()}).ok());
    return std::string(ReceiveHandoff(to_.get()).status().message());
  }

  UniqueFd from_;
  UniqueFd to_;
};

TEST_F(SocketHandoffTest, S74_WhatIsSentBeforeAnybodyReadsArrivesAsItWas) {
  SocketHandoff handoff = Empty();
  handoff.sockets.push_back({"web", Any(), From::kServiceManager});
  handoff.sockets.push_back({"a b", Any(), From::kPredecessorWithFile});
  // More than one message takes.
  for (int i = 0; i < 600; ++i) handoff.sockets.push_back({"plain", Any(), From::kPredecessor});
  ASSERT_TRUE(SendHandoff(from_.get(), handoff).ok());
  const auto received = ReceiveHandoff(to_.get());
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_EQ(received->admin, handoff.admin);
  ASSERT_EQ(received->sockets.size(), 602u);
  EXPECT_EQ(received->sockets[0].name, "web");
  EXPECT_EQ(received->sockets[0].from, From::kServiceManager);
  EXPECT_EQ(received->sockets[1].name, "a b");
  EXPECT_EQ(received->sockets[1].from, From::kPredecessorWithFile);
  EXPECT_EQ(received->sockets[601].name, "plain");
  EXPECT_EQ(received->sockets[601].from, From::kPredecessor);
  EXPECT_TRUE(received->sockets[601].fd.valid());
}

TEST_F(SocketHandoffTest, NoSocketsAreAHandoffToo) {
  ASSERT_TRUE(SendHandoff(from_.get(), Empty()).ok());
  const auto received = ReceiveHandoff(to_.get());
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_TRUE(received->sockets.empty());
}

TEST_F(SocketHandoffTest, S83_AnotherVersionIsRefused) {
  EXPECT_EQ(Refusal("meshhost-handoff/2\nlistener web"),
            "the process to take over from: expected \"meshhost-handoff/1\", got "
            "\"meshhost-handoff/2\nlistener web\"");
  EXPECT_EQ(Refusal("meshhost-handoff/1"),
            "the process to take over from: expected \"a line for each socket\", got \"\"");
  EXPECT_EQ(Refusal("meshhost-handoff/1\nsocket web"),
            "the process to take over from: expected \"listener NAME\", got \"socket web\"");
  EXPECT_EQ(Refusal("end nowhere"),
            "the process to take over from: expected \"the address of an admin server\", got "
            "\"nowhere\"");
}

TEST_F(SocketHandoffTest, S83_AnEndBeforeTheEndIsAnError) {
  ASSERT_TRUE(SendDescriptors(from_.get(), "meshhost-handoff/1").ok());
  from_.reset();
  EXPECT_TRUE(absl::IsCancelled(ReceiveHandoff(to_.get()).status()));
}

}  // namespace
}  // namespace meshhost
