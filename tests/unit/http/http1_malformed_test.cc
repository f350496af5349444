// SPDX-License-Identifier: Apache-2.0
//
// Goal: what two readers could frame differently is refused, once, and the connection ends. Method:
// a table of bad requests, each followed by bytes that must never be taken for a request.
#include <gtest/gtest.h>

#include "tests/unit/http/http1_fixture.h"

namespace meshhost {
namespace {

struct Bad {
  const char* name;
  const char* status;
  std::string request;
};

std::string Head(const std::string& line, const std::string& fields) {
  return line + "\r\n" + fields + "\r\n";
}
std::string Post(const std::string& fields) {
  return Head("POST /echo HTTP/1.1", "Host: a\r\n" + fields);
}

std::vector<Bad> BadFramingAndTargets() {
  const std::string nul(1, '\0');
  return {
      {"two equal lengths", "400", Post("Content-Length: 5\r\nContent-Length: 5\r\n")},
      {"two different lengths", "400", Post("Content-Length: 5\r\nContent-Length: 6\r\n")},
      {"list of lengths", "400", Post("Content-Length: 5, 5\r\n")},
      {"signed length", "400", Post("Content-Length: +5\r\n")},
      {"negative length", "400", Post("Content-Length: -5\r\n")},
      {"hex length", "400", Post("Content-Length: 0x5\r\n")},
      {"split length", "400", Post("Content-Length: 5 4\r\n")},
      {"empty length", "400", Post("Content-Length:\r\n")},
      {"huge length", "400", Post("Content-Length: 99999999999999999999\r\n")},
      {"length, then chunked", "400", Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
      {"chunked, then length", "400", Post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")},
      {"xchunked", "501", Post("Transfer-Encoding: xchunked\r\n")},
      {"chunked, identity", "501", Post("Transfer-Encoding: chunked, identity\r\n")},
      {"gzip, chunked", "501", Post("Transfer-Encoding: gzip, chunked\r\n")},
      {"chunked, chunked", "501", Post("Transfer-Encoding: chunked, chunked\r\n")},
      {"chunked twice", "400",
       Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
      {"identity, then chunked", "400",
       Post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n")},
      {"empty coding", "501", Post("Transfer-Encoding:\r\n")},
      {"coding with parameter", "501", Post("Transfer-Encoding: chunked;q=1\r\n")},
      {"coding with vertical tab", "400",
       Post("Transfer-Encoding: \x0b"
            "chunked\r\n")},
      {"coding in HTTP/1.0", "400",
       Head("POST /echo HTTP/1.0", "Host: a\r\nTransfer-Encoding: chunked\r\n")},
      {"no host", "400", Head("GET /hello HTTP/1.1", "")},
      {"two hosts", "400", Head("GET /hello HTTP/1.1", "Host: a\r\nHost: a\r\n")},
      {"empty host", "400", Head("GET /hello HTTP/1.1", "Host:\r\n")},
      {"host with path", "400", Head("GET /hello HTTP/1.1", "Host: a/b\r\n")},
      {"host with user", "400", Head("GET /hello HTTP/1.1", "Host: u@a\r\n")},
      {"host list", "400", Head("GET /hello HTTP/1.1", "Host: a b\r\n")},
      {"host with bad port", "400", Head("GET /hello HTTP/1.1", "Host: a:8x\r\n")},
      {"other host in target", "400", Head("GET http://b/hello HTTP/1.1", "Host: a\r\n")},
      {"unknown scheme", "400", Head("GET ftp://a/hello HTTP/1.1", "Host: a\r\n")},
      {"fragment", "400", Head("GET /hello#x HTTP/1.1", "Host: a\r\n")},
      {"raw UTF-8 in target", "400", Head("GET /h\xC3\xA4 HTTP/1.1", "Host: a\r\n")},
      {"NUL in target", "400", Head("GET /a" + nul + "b HTTP/1.1", "Host: a\r\n")},
  };
}

std::vector<Bad> BadFieldsAndChunks() {
  const std::string chunked = Post("Transfer-Encoding: chunked\r\n");
  const std::string nul(1, '\0');
  return {
      {"tab in target", "400", Head("GET /a\tb HTTP/1.1", "Host: a\r\n")},
      {"two blanks", "400", Head("GET  /hello HTTP/1.1", "Host: a\r\n")},
      {"target without slash", "400", Head("GET hello HTTP/1.1", "Host: a\r\n")},
      {"asterisk with GET", "400", Head("GET * HTTP/1.1", "Host: a\r\n")},
      {"CONNECT", "501", Head("CONNECT a:443 HTTP/1.1", "Host: a\r\n")},
      {"bad method", "400", Head("G(T /hello HTTP/1.1", "Host: a\r\n")},
      {"HTTP/2.0", "505", Head("GET /hello HTTP/2.0", "Host: a\r\n")},
      {"HTTP/1.2", "505", Head("GET /hello HTTP/1.2", "Host: a\r\n")},
      {"lower-case version", "400", Head("GET /hello http/1.1", "Host: a\r\n")},
      {"no version", "400", "GET /hello\r\n\r\n"},
      {"bare LF after request line", "400", "GET /hello HTTP/1.1\nHost: a\r\n\r\n"},
      {"bare LF after field", "400", "GET /hello HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
      {"bare LF at the end", "400", "GET /hello HTTP/1.1\r\nHost: a\r\n\nGET"},
      {"bare CR in value", "400", Head("GET /hello HTTP/1.1", "Host: a\r\nX: a\rb\r\n")},
      {"NUL in value", "400", Head("GET /hello HTTP/1.1", "Host: a\r\nX: a" + nul + "b\r\n")},
      {"folded field", "400", Head("GET /hello HTTP/1.1", "Host: a\r\nX: a\r\n b\r\n")},
      {"folded from the start", "400", Head("GET /hello HTTP/1.1", "Host: a\r\nX:\r\n b\r\n")},
      {"folded with nothing", "400", Head("GET /hello HTTP/1.1", "Host: a\r\nX:\r\n \r\n")},
      {"folded coding", "400", Post("Transfer-Encoding:\r\n chunked\r\n")},
      {"blank before colon", "400", Post("Content-Length : 5\r\n")},
      {"blank before name", "400", "GET /hello HTTP/1.1\r\n Host: a\r\n\r\n"},
      {"field without colon", "400", Head("GET /hello HTTP/1.1", "Host: a\r\nNothing\r\n")},
      {"field without name", "400", Head("GET /hello HTTP/1.1", "Host: a\r\n: x\r\n")},
      {"other expectation", "417", Post("Content-Length: 5\r\nExpect: the-best\r\n")},
      {"chunk size that is none", "400", chunked + "xyz\r\nhello\r\n0\r\n\r\n"},
      {"negative chunk size", "400", chunked + "-5\r\nhello\r\n0\r\n\r\n"},
      {"prefixed chunk size", "400", chunked + "0x5\r\nhello\r\n0\r\n\r\n"},
      {"overflowing chunk size", "400", chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n"},
      {"bare LF behind chunk size", "400", chunked + "5\nhello\r\n0\r\n\r\n"},
      {"chunk without its end", "400", chunked + "5\r\nhelloXX0\r\n\r\n"},
      {"chunk extension of control bytes", "400", chunked + "5;a=\"\x01\"\r\nhello\r\n0\r\n\r\n"},
      {"chunk extension too long", "400",
       chunked + "5;a=" + std::string(5000, 'x') + "\r\nhello\r\n0\r\n\r\n"},
      {"length in trailers", "400", chunked + "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"},
      {"host in trailers", "400", chunked + "5\r\nhello\r\n0\r\nHost: b\r\n\r\n"},
      {"folded trailer", "400", chunked + "5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n"},
  };
}

std::vector<Bad> BadRequests() {
  std::vector<Bad> all = BadFramingAndTargets();
  for (Bad& bad : BadFieldsAndChunks()) all.push_back(std::move(bad));
  return all;
}

class Http1Malformed : public Http1Fixture {};

TEST_F(Http1Malformed, S05_IsRefusedOnceAndTheConnectionEnds) {
  uint64_t refused = 0;
  for (const Bad& bad : BadRequests()) {
    SCOPED_TRACE(bad.name);
    Connect();
    const std::string answer = Ask(bad.request + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(bad.status) + " ")) << answer;
    EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("HTTP/1.1", 8), std::string::npos) << answer;
    EXPECT_TRUE(IsOver());
    EXPECT_EQ(server_->counters().refused.load(), ++refused);
  }
}

TEST_F(Http1Malformed, S05_IsRefusedToo_ByteByByte) {
  for (const Bad& bad : BadRequests()) {
    SCOPED_TRACE(bad.name);
    Connect();
    for (const char c : bad.request) {
      if (!channel_->closed()) Send({&c, 1});
    }
    Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = channel_->TakeOutput();
    // Lines that are no HTTP at all may wait for the end of a head that never comes.
    if (answer.empty()) {
      loop_.Advance(61'000'000'000);
      EXPECT_TRUE(channel_->TakeOutput().starts_with("HTTP/1.1 408 "));
    } else {
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(bad.status) + " ")) << answer;
    }
    EXPECT_EQ(answer.find("HTTP/1.1", 8), std::string::npos) << answer;
    EXPECT_TRUE(IsOver());
  }
}

}  // namespace
}  // namespace meshhost
