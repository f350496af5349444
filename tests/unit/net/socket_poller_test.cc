// SPDX-License-Identifier: Apache-2.0
// Goal: no readiness is lost or told twice, and waiters may destroy sockets, their own and others',
// whenever they are called. Method: socket pairs on an io_context that the test runs by hand.
#include "host/net/socket_poller.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace meshhost {
namespace {

// One end of a socket pair that is polled, the other for the test to use.
class Pair final : public SocketWaiter {
 public:
  explicit Pair(SocketPoller& poller) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    socket = std::make_unique<PolledSocket>(poller, UniqueFd(ends[0]));
    peer.reset(ends[1]);
  }

  void OnSocketReadable() override {
    ++readable;
    if (on_readable) on_readable();
  }
  void OnSocketWritable() override {
    ++writable;
    if (on_writable) on_writable();
  }
  void OnPollerGone() override { ++gone; }

  void AwaitReadable() { socket->AwaitReadable(*this); }
  void Feed(std::string_view text) {
    EXPECT_EQ(::send(peer.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  // As a channel reads: one recv(2), and the socket is told what it found.
  std::string Read(size_t room) {
    std::string bytes(room, '\0');
    const ssize_t n = ::recv(socket->fd(), bytes.data(), room, 0);
    if (n < 0) {
      socket->ReadBlocked();
      return "-";
    }
    if (static_cast<size_t>(n) < room) socket->ReadShort();
    bytes.resize(static_cast<size_t>(n));
    return bytes;
  }
  void Fill() {
    const std::string bytes(65536, 'x');
    while (::send(socket->fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
    }
    socket->WriteBlocked();
  }
  void Empty() {
    std::string bytes(65536, '\0');
    while (::recv(peer.get(), bytes.data(), bytes.size(), 0) > 0) {
    }
  }

  std::unique_ptr<PolledSocket> socket;
  UniqueFd peer;
  int readable = 0;
  int writable = 0;
  int gone = 0;
  std::function<void()> on_readable;
  std::function<void()> on_writable;
};

class SocketPollerTest : public testing::Test {
 protected:
  void Run() {
    io_.restart();
    io_.poll();
  }

  boost::asio::io_context io_;
  std::unique_ptr<SocketPoller> poller_ = std::make_unique<SocketPoller>(io_);
};

TEST_F(SocketPollerTest, TellsOnceForEachWait) {
  Pair pair(*poller_);
  pair.AwaitReadable();
  Run();
  EXPECT_EQ(pair.readable, 0);
  pair.Feed("a");
  Run();
  EXPECT_EQ(pair.readable, 1);
  pair.Feed("b");
  Run();
  EXPECT_EQ(pair.readable, 1) << "nobody waits";
  pair.AwaitReadable();
  Run();
  EXPECT_EQ(pair.readable, 2) << "what came before the wait counts";
  EXPECT_EQ(pair.Read(8), "ab");
  pair.AwaitReadable();
  Run();
  EXPECT_EQ(pair.readable, 2);
}

TEST_F(SocketPollerTest, WhatIsLeftAfterAFullReadIsToldAgain) {
  Pair pair(*poller_);
  pair.Feed("abcdef");
  pair.AwaitReadable();
  Run();
  EXPECT_EQ(pair.Read(4), "abcd");
  pair.AwaitReadable();
  Run();
  EXPECT_EQ(pair.readable, 2);
  EXPECT_EQ(pair.Read(4), "ef");
}

TEST_F(SocketPollerTest, TheEndIsToldAfterTheLastBytes) {
  Pair pair(*poller_);
  pair.Feed("abc");
  pair.peer.reset();
  pair.AwaitReadable();
  Run();
  EXPECT_EQ(pair.Read(8), "abc") << "a short read, and no event will follow it";
  pair.AwaitReadable();
  Run();
  EXPECT_EQ(pair.readable, 2);
  EXPECT_EQ(pair.Read(8), "");
}

TEST_F(SocketPollerTest, BytesThatComeBetweenEventAndReadAreNotLost) {
  Pair pair(*poller_);
  pair.on_readable = [&pair] {
    if (pair.readable == 1) pair.Feed("late");
  };
  pair.Feed("a");
  pair.AwaitReadable();
  Run();
  EXPECT_EQ(pair.Read(64), "alate");
  pair.Feed("b");
  pair.AwaitReadable();
  Run();
  EXPECT_EQ(pair.Read(64), "b");
}

TEST_F(SocketPollerTest, TellsWhenThereIsRoomAgain) {
  Pair pair(*poller_);
  for (int round = 1; round <= 3; ++round) {
    pair.Fill();
    pair.socket->AwaitWritable(pair);
    Run();
    EXPECT_EQ(pair.writable, round - 1);
    pair.Empty();
    Run();
    EXPECT_EQ(pair.writable, round);
  }
}

TEST_F(SocketPollerTest, BothWaitsOfOneSocketAreServed) {
  Pair pair(*poller_);
  pair.Fill();
  pair.AwaitReadable();
  pair.socket->AwaitWritable(pair);
  pair.Empty();
  pair.Feed("a");
  Run();
  EXPECT_EQ(pair.readable, 1);
  EXPECT_EQ(pair.writable, 1);
}

TEST_F(SocketPollerTest, MoreSocketsThanEventsInOneTurn) {
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 300; ++i) {
    pairs.push_back(std::make_unique<Pair>(*poller_));
    pairs.back()->Feed("a");
    pairs.back()->AwaitReadable();
  }
  Run();
  for (const auto& pair : pairs) EXPECT_EQ(pair->readable, 1);
}

TEST_F(SocketPollerTest, AWaiterMayDestroyItsSocketAndOthers) {
  Pair first(*poller_);
  Pair second(*poller_);
  Pair third(*poller_);
  const auto destroy_all = [&] {
    for (Pair* pair : {&first, &second, &third}) pair->socket.reset();
  };
  for (Pair* pair : {&first, &second, &third}) {
    pair->on_readable = destroy_all;
    pair->Feed("a");
    pair->AwaitReadable();
  }
  Run();
  EXPECT_EQ(first.readable + second.readable + third.readable, 1);
}

TEST_F(SocketPollerTest, ABusySocketDoesNotKeepOthersWaiting) {
  Pair busy(*poller_);
  Pair other(*poller_);
  busy.on_readable = [&] {
    if (busy.readable == 5) other.Feed("a");
    if (other.readable == 0 && busy.readable < 1000) busy.AwaitReadable();  // never reads
  };
  busy.Feed("a");
  busy.AwaitReadable();
  other.AwaitReadable();
  Run();
  EXPECT_EQ(other.readable, 1);
  EXPECT_LT(busy.readable, 20);
}

TEST_F(SocketPollerTest, WaitersLearnThatThePollerGoes) {
  Pair waiting(*poller_);
  Pair quiet(*poller_);
  waiting.AwaitReadable();
  poller_.reset();
  EXPECT_EQ(waiting.gone, 1);
  EXPECT_EQ(quiet.gone, 0);
  EXPECT_FALSE(waiting.socket->is_open());
  EXPECT_FALSE(quiet.socket->is_open());
}

}  // namespace
}  // namespace meshhost
