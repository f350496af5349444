// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/process_signals.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace meshhost {
namespace {

bool IsBlocked(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

TEST(ProcessSignals, EachIsReadOnTheLoopHoweverManyThreadsThereAre) {  // S74, S84
  auto fd = ProcessSignals::Block({SIGHUP, SIGTERM});
  ASSERT_TRUE(fd.ok()) << fd.status();
  bool blocked_in_thread = false;
  std::thread([&] { blocked_in_thread = IsBlocked(SIGHUP) && IsBlocked(SIGTERM); }).join();
  EXPECT_TRUE(blocked_in_thread);

  // Sent before anybody reads, from a thread that could have taken them itself.
  std::thread([] {
    ::kill(::getpid(), SIGTERM);
    ::kill(::getpid(), SIGHUP);
    ::kill(::getpid(), SIGHUP);
  }).join();
  boost::asio::io_context loop;
  std::vector<int> read;
  const ProcessSignals signals(loop, *std::move(fd), [&](int number) {
    read.push_back(number);
    if (read.size() == 2) ::kill(::getpid(), SIGHUP);
    if (read.size() == 3) loop.stop();
  });
  loop.run_for(std::chrono::seconds(30));
  EXPECT_EQ(read, (std::vector<int>{SIGHUP, SIGTERM, SIGHUP}));  // the lowest number first
}

}  // namespace
}  // namespace meshhost
