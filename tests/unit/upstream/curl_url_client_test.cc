// SPDX-License-Identifier: Apache-2.0
//
// Requests to a server of the test's own that answers one connection with what it was given. TLS,
// with names and chains, is tested where it is used: tests/integration.
#include "host/upstream/curl_url_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace meshhost {
namespace {

using testing::HasSubstr;

// Accepts one connection, reads until the request is complete, answers and closes.
class OneAnswer final {
 public:
  OneAnswer(std::string answer, size_t request_body) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, request_body] { Serve(request_body); });
  }
  ~OneAnswer() { Join(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/keys"; }
  const std::string& request() {
    Join();
    return request_;
  }

 private:
  void Serve(size_t request_body) {
    const int peer = ::accept(listener_, nullptr, nullptr);
    char bytes[4096];
    while (true) {
      const size_t end = request_.find("\r\n\r\n");
      if (end != std::string::npos && request_.size() >= end + 4 + request_body) break;
      const ssize_t n = ::read(peer, bytes, sizeof bytes);
      if (n <= 0) break;
      request_.append(bytes, static_cast<size_t>(n));
    }
    if (answer_.empty()) {  // says nothing until the client has gone
      while (::read(peer, bytes, sizeof bytes) > 0) {
      }
    }
    (void)!::write(peer, answer_.data(), answer_.size());
    ::close(peer);
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
    if (listener_ >= 0) ::close(listener_);
    listener_ = -1;
  }

  const std::string answer_;
  std::string request_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST(CurlUrlClient, S10_GetsAReplyWithItsFields) {
  OneAnswer server(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nCache-Control:  max-age=60 \r\n\r\nhello", 0);
  CurlUrlClient client;
  const auto reply = client.Send({.url = server.url()});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(reply->Header("cache-control"), "max-age=60");
  EXPECT_EQ(reply->Header("etag"), "");
  EXPECT_THAT(server.request(), HasSubstr("GET /keys HTTP/1.1\r\n"));
}

TEST(CurlUrlClient, S18_PostsABodyWithNulAndFields) {
  OneAnswer server("HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", 3);
  CurlUrlClient client;
  const auto reply = client.Send({.method = "POST",
                                  .url = server.url(),
                                  .headers = {{"content-type", "application/x-protobuf"}},
                                  .body = std::string("a\0b", 3)});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(reply->Header("retry-after"), "3");
  EXPECT_THAT(server.request(), HasSubstr("POST /keys HTTP/1.1\r\n"));
  EXPECT_THAT(server.request(), HasSubstr("content-type: application/x-protobuf\r\n"));
  EXPECT_TRUE(server.request().ends_with(std::string("\r\n\r\na\0b", 7)));
}

TEST(CurlUrlClient, S10_ALongReplyIsAnError) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'), 0);
  CurlUrlClient client;
  const auto reply = client.Send({.url = server.url(), .max_body = 99});
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(reply.status().message(), HasSubstr("longer than 99 bytes"));
}

TEST(CurlUrlClient, S10_SilenceEndsWithTheTimeout) {
  OneAnswer server("", 0);
  CurlUrlClient client;
  const auto reply = client.Send({.url = server.url(), .timeout = std::chrono::milliseconds(50)});
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded) << reply.status();
}

TEST(CurlUrlClient, S10_NobodyThereAndOtherSchemesAreErrors) {
  CurlUrlClient client;
  std::string url;
  {
    OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0);
    url = server.url();
    EXPECT_TRUE(client.Send({.url = url}).ok());
  }
  EXPECT_EQ(client.Send({.url = url}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(client.Send({.url = "file:///etc/hostname"}).ok());
}

}  // namespace
}  // namespace meshhost
