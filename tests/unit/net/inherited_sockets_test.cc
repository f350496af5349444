// SPDX-License-Identifier: Apache-2.0
// Goal: a listener gets the inherited sockets that are its own, and a clear error for others.
// Method: real sockets on free loopback ports, added by name.
#include "host/net/inherited_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "host/net/listening_socket.h"
#include "host/net/socket_address.h"

namespace meshhost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ListenerConfig Listener(const std::string& address) {
  ListenerConfig config;
  config.name = "web";
  config.address = *ParseBindAddress(address);
  return config;
}

UniqueFd Bound(int type = SOCK_STREAM) {
  UniqueFd fd(::socket(AF_INET, type, 0));
  const SocketAddress any = ToSocketAddress(*ParseBindAddress("127.0.0.1:0"));
  EXPECT_EQ(::bind(fd.get(), any.get(), any.length), 0);
  return fd;
}

UniqueFd Listening() {
  UniqueFd fd = Bound();
  EXPECT_EQ(::listen(fd.get(), 16), 0);
  return fd;
}

std::string Refusal(InheritedSockets& inherited) {
  return std::string(inherited.Open(Listener("systemd:web")).status().message());
}

TEST(InheritedSockets, NothingPassedMeansBind) {
  InheritedSockets inherited;
  const auto opened = inherited.Open(Listener("127.0.0.1:80"));
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened->sockets.empty());
}

TEST(InheritedSockets, S83_ASocketIsFoundByName) {
  InheritedSockets inherited;
  inherited.Add({"other", Listening()});
  inherited.Add({"web", Listening()});
  const auto opened = inherited.Open(Listener("systemd:web"));
  ASSERT_TRUE(opened.ok()) << opened.status();
  ASSERT_EQ(opened->sockets.size(), 1u);
  EXPECT_TRUE(::fcntl(opened->sockets[0].get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(opened->sockets[0].get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_THAT(inherited.Unused(), ElementsAre("other"));
}

TEST(InheritedSockets, ANameCanBeOpenedAgainAfterAReloadDroppedIt) {
  InheritedSockets inherited;
  inherited.Add({"web", Listening()});
  ASSERT_TRUE(inherited.Open(Listener("systemd:web")).ok());
  EXPECT_TRUE(inherited.Open(Listener("systemd:web")).ok());
}

TEST(InheritedSockets, SaysWhichNamesWerePassed) {
  InheritedSockets inherited;
  EXPECT_THAT(Refusal(inherited), HasSubstr("got no sockets at all"));
  inherited.Add({"grpc", Listening()});
  inherited.Add({"rest", Listening()});
  EXPECT_EQ(
      Refusal(inherited),
      "listener \"web\": systemd:web: expected a socket of that name from the service manager "
      "(FileDescriptorName=), got \"grpc\", \"rest\"");
}

TEST(InheritedSockets, SaysWhatElseWasPassedUnderTheName) {
  InheritedSockets silent;
  silent.Add({"web", Bound()});
  EXPECT_THAT(Refusal(silent), HasSubstr("got a stream socket that does not listen"));
  InheritedSockets datagram;
  datagram.Add({"web", Bound(SOCK_DGRAM)});
  EXPECT_THAT(Refusal(datagram), HasSubstr("got a datagram socket"));
  InheritedSockets file;
  file.Add({"web", UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  EXPECT_THAT(Refusal(file), HasSubstr("got no socket"));
}

TEST(InheritedSockets, S83_ASocketIsFoundByItsAddress) {
  UniqueFd socket = Listening();
  const std::string address = BoundAddress(socket.get()).ToString();
  InheritedSockets inherited;
  inherited.Add({"of another name", std::move(socket)});
  inherited.Add({"web", Listening()});  // the name alone is not enough
  const auto opened = inherited.Open(Listener(address));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->sockets.size(), 1u);
  EXPECT_THAT(inherited.Unused(), ElementsAre("web"));
}

TEST(InheritedSockets, WithPortZeroTheNameAndTheHostDecide) {
  InheritedSockets inherited;
  inherited.Add({"other", Listening()});
  inherited.Add({"web", Listening()});
  EXPECT_TRUE(inherited.Open(Listener("127.0.0.2:0"))->sockets.empty());
  EXPECT_TRUE(inherited.Open(Listener("[::1]:0"))->sockets.empty());
  EXPECT_EQ(inherited.Open(Listener("127.0.0.1:0"))->sockets.size(), 1u);
  EXPECT_THAT(inherited.Unused(), ElementsAre("other"));
}

TEST(InheritedSockets, S74_APredecessorsListenerIsNoSocketOfTheServiceManager) {
  UniqueFd socket = Listening();
  const std::string address = BoundAddress(socket.get()).ToString();
  InheritedSockets inherited;
  inherited.Add({"web", std::move(socket), InheritedSocket::From::kPredecessorWithFile});
  EXPECT_THAT(Refusal(inherited), HasSubstr("got no sockets at all"));
  const auto opened = inherited.Open(Listener(address));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->sockets.size(), 1u);
  EXPECT_TRUE(opened->with_file);
}

TEST(InheritedSockets, S74_WhatNobodyTookOfAPredecessorDoesNotStayOpen) {
  InheritedSockets inherited;
  inherited.Add({"web", Listening()});
  inherited.Add({"dropped", Listening(), InheritedSocket::From::kPredecessor});
  const auto unused = inherited.TakeUnusedOfPredecessor();
  ASSERT_EQ(unused.size(), 1u);
  EXPECT_EQ(unused[0].name, "dropped");
  EXPECT_THAT(inherited.Unused(), ElementsAre("web"));
  const auto passed = inherited.Passed();
  ASSERT_EQ(passed.size(), 1u);
  EXPECT_EQ(passed[0].name, "web");
}

TEST(InheritedSockets, EachWorkerGetsOneAndNoneIsLeftOut) {
  for (const uint32_t workers : {1u, 2u, 3u, 5u}) {
    InheritedSockets inherited;
    inherited.Add({"web", Listening()});
    inherited.Add({"web", Listening()});
    const auto sockets = Listen(Listener("systemd:web"), workers, 16, inherited);
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    EXPECT_EQ(sockets->per_worker.size(), std::max(2u, workers));
    EXPECT_NE(sockets->bound.port, 0);
  }
}

}  // namespace
}  // namespace meshhost
