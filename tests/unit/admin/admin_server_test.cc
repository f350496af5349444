// SPDX-License-Identifier: Apache-2.0
//
// Over real sockets, since what is tested is how Pistache is set up.
#include "host/admin/admin_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/base/unique_fd.h"
#include "host/telemetry/registry.h"
#include "tests/unit/admin/fake_operations.h"
#include "tests/unit/admin/fake_source.h"

namespace meshhost {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

UniqueFd Connect(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

// Sends and reads on until the answer ends with its Content-Length, or the server closes.
std::string Exchange(int fd, const std::string& request) {
  EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[65536];
  while (true) {
    const std::size_t end = answer.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::size_t field = answer.find("Content-Length: ");
      if (field == std::string::npos || field > end) return answer;
      const std::size_t length = std::stoul(answer.substr(field + 16));
      if (answer.size() >= end + 4 + length) return answer;
    }
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return answer;
    answer.append(buffer, static_cast<std::size_t>(n));
  }
}

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    AdminConfig config;
    config.address.port = 0;
    server_ = AdminServer::Start(config, registry_, source_, operations_).value();
  }
  std::string Get(const std::string& path) {
    const UniqueFd fd = Connect(server_->port());
    return Exchange(fd.get(), "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }

  Registry registry_{{}};
  FakeSource source_;
  FakeOperations operations_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, ServesPagesOnThePortItBound) {
  ASSERT_NE(server_->port(), 0);
  const std::string answer = Get("/version");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n{\"version\":\"0.1.0\"}"));
}

TEST_F(AdminServerTest, S40_FollowsTheHealthOfTheHostAtOnce) {
  for (int flip = 0; flip < 200; ++flip) {
    source_.set_health({.ready = flip % 2 == 0});
    const std::string status = flip % 2 == 0 ? "HTTP/1.1 200" : "HTTP/1.1 503";
    EXPECT_THAT(Get("/readyz"), StartsWith(status));
    EXPECT_THAT(Get("/health"), StartsWith(status));
  }
}

TEST_F(AdminServerTest, ServesAPageOfManyMegabytes) {
  const FamilyId family =
      registry_.Define({.name = "big_total", .help = "x", .labels = {"route"}}).value();
  for (int i = 0; i < 10'000; ++i) {
    const std::string route = std::string(300, 'r') + std::to_string(i);
    ASSERT_TRUE(registry_.Counter(family, {route}).ok());
  }
  const std::string answer = Get("/metrics");
  EXPECT_GT(answer.size(), 3'000'000u);
  EXPECT_THAT(answer, EndsWith("meshhost_metrics_overflow_total 0\n"));
}

TEST_F(AdminServerTest, NegotiatesOpenMetricsWithAPrometheusScraper) {
  const UniqueFd fd = Connect(server_->port());
  const std::string answer =
      Exchange(fd.get(),
               "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9901\r\nUser-Agent: Prometheus/2.42.0\r\n"
               "Accept: application/openmetrics-text;version=1.0.0;q=0.75,"
               "application/openmetrics-text;version=0.0.1;q=0.5,"
               "text/plain;version=0.0.4;q=0.25,*/*;q=0.1\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/openmetrics-text; version=1.0.0"));
  EXPECT_THAT(answer, EndsWith("# EOF\n"));
}

TEST_F(AdminServerTest, AnswersSeveralRequestsOnOneConnection) {
  const UniqueFd fd = Connect(server_->port());
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(Exchange(fd.get(), "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                StartsWith("HTTP/1.1 200"));
}

// Old probes read until the server closes.
TEST_F(AdminServerTest, ClosesWhenTheClientAsksForIt) {
  for (const std::string request :
       {"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n"}) {
    const UniqueFd fd = Connect(server_->port());
    EXPECT_THAT(Exchange(fd.get(), request), HasSubstr("Connection: close\r\n"));
    char rest = 0;
    EXPECT_EQ(::recv(fd.get(), &rest, 1, 0), 0);
  }
}

TEST_F(AdminServerTest, RefusesOtherMethodsHostsAndPages) {
  const auto status = [this](const std::string& request) {
    const UniqueFd fd = Connect(server_->port());
    return Exchange(fd.get(), request).substr(0, 12);
  };
  EXPECT_EQ(status("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"),
            "HTTP/1.1 405");
  EXPECT_EQ(status("GET /version HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "HTTP/1.1 421");
  EXPECT_EQ(status("GET /version HTTP/1.1\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 404");
  EXPECT_EQ(status("GET /version?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 200");
}

// Whatever comes in, the next request is served.
TEST_F(AdminServerTest, SurvivesBadInput) {
  const std::string huge(100'000, 'x');
  const std::vector<std::string> requests = {
      "GET /" + huge + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + huge + "\r\n\r\n",
      "\r\n\r\n\r\n",
      "GET\r\n\r\n",
      "GET /version HTTP/1.1\r\nHost: [\r\n\r\n",
      "GET /version HTTP/1.1\r\nHost: localhost:99999999\r\n\r\n",
      "GET /version HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
      "GET /version HTTP/1.1\r\nHost: localhost\r\nAccept: ,;q=,/\r\n\r\n",
      std::string("GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 37),
  };
  for (const std::string& request : requests) {
    const UniqueFd fd = Connect(server_->port());
    ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
    ::shutdown(fd.get(), SHUT_WR);
    EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200")) << request.substr(0, 60);
  }
}

TEST(AdminServer, SaysWhichAddressItCannotHave) {
  Registry registry({});
  FakeSource source;
  FakeOperations operations;
  AdminConfig config;
  config.address.port = 0;
  const auto first = AdminServer::Start(config, registry, source, operations).value();
  config.address.port = first->port();
  const auto second = AdminServer::Start(config, registry, source, operations);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("127.0.0.1:" + std::to_string(first->port())));
  config.address.host = "0.0.0.0";
  EXPECT_EQ(AdminServer::Start(config, registry, source, operations).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(AdminServer, S74_JoinsTheOneBeforeItOnItsPort) {
  Registry registry({});
  FakeSource source;
  FakeOperations operations;
  AdminConfig config;
  config.address.port = 0;
  auto before = AdminServer::Start(config, registry, source, operations).value();
  BindAddress there = config.address;
  there.port = before->port();
  for (const std::uint16_t port : {std::uint16_t{0}, before->port()}) {
    config.address.port = port;
    const auto after = AdminServer::Start(config, registry, source, operations, &there);
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_EQ((*after)->port(), there.port);
  }
  const auto after = AdminServer::Start(config, registry, source, operations, &there).value();
  before.reset();
  const UniqueFd fd = Connect(there.port);
  EXPECT_THAT(Exchange(fd.get(), "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminServerTest, S74_AnswersOthersWhileOperationsRun) {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
  bool done = false;
  operations_.set_during_upgrade([&] {
    std::unique_lock lock(mutex);
    ++running;
    changed.notify_all();
    changed.wait(lock, [&] { return done; });
  });
  const auto post = [this] {
    const UniqueFd fd = Connect(server_->port());
    return Exchange(fd.get(),
                    "POST /upgrade HTTP/1.1\r\nHost: localhost\r\n"
                    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  };
  std::vector<std::thread> upgrades;
  std::vector<std::string> answers(4);
  for (std::string& answer : answers) {
    upgrades.emplace_back([&answer, post] { answer = post(); });
  }
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running == 4; });
  }
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200"));
  EXPECT_GE(server_->answering(), 4u);
  EXPECT_THAT(post(), HasSubstr("TOO_MANY_OPERATIONS"));
  {
    const std::lock_guard lock(mutex);
    done = true;
    changed.notify_all();
  }
  for (std::thread& upgrade : upgrades) upgrade.join();
  for (const std::string& answer : answers) EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  // A thread is free again a moment after its answer.
  std::string again;
  do {
    again = post();
  } while (again.find("TOO_MANY_OPERATIONS") != std::string::npos);
  EXPECT_THAT(again, StartsWith("HTTP/1.1 200"));
}

TEST(AdminServer, ListensOnIpv6Loopback) {
  Registry registry({});
  FakeSource source;
  FakeOperations operations;
  AdminConfig config;
  config.address = {BindAddress::Family::kIpv6, "::1", 0, ""};
  const auto server = AdminServer::Start(config, registry, source, operations);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_NE((*server)->port(), 0);
}

TEST(AdminServer, LeavesSignalsAndStandardOutputAlone) {
  std::vector<struct sigaction> before(32);
  for (int i = 1; i < 32; ++i) ::sigaction(i, nullptr, &before[static_cast<std::size_t>(i)]);
  testing::internal::CaptureStdout();
  {
    Registry registry({});
    FakeSource source;
    FakeOperations operations;
    AdminConfig config;
    config.address.port = 0;
    const auto server = AdminServer::Start(config, registry, source, operations).value();
    const UniqueFd fd = Connect(server->port());
    Exchange(fd.get(), "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  for (int i = 1; i < 32; ++i) {
    struct sigaction now {};
    ::sigaction(i, nullptr, &now);
    EXPECT_EQ(now.sa_handler, before[static_cast<std::size_t>(i)].sa_handler) << i;
  }
}

}  // namespace
}  // namespace meshhost
