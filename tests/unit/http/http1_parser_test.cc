// SPDX-License-Identifier: Apache-2.0
//
// Goal: the parser gives the same request however its bytes are cut. Method: each request is fed
// whole and in two pieces, cut at every place.
#include "host/http/http1_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meshhost {
namespace {

struct Parsed {
  std::string text;  // method path query authority headers body trailers
  int refused = 0;
};

Parsed ParseIn(const std::vector<std::string>& pieces) {
  Arena arena;
  const HttpSettings settings;
  Http1Parser parser(arena, settings, "http");
  Parsed result;
  std::string buffer;
  for (const std::string& piece : pieces) {
    buffer += piece;
    while (true) {
      const std::string heap = buffer;  // elsewhere each time, as in a session
      const Http1Parser::Step step = parser.Parse(heap);
      buffer.erase(0, step.consumed);
      if (step.event == Http1Parser::Event::kNeedMore) break;
      if (step.event == Http1Parser::Event::kBad) {
        result.refused = parser.refusal().http_status;
        return result;
      }
      if (step.event == Http1Parser::Event::kHead) {
        const RequestHead& head = parser.head();
        result.text += std::string(head.method) + " " + std::string(head.path) + " " +
                       std::string(head.query) + " " + std::string(head.authority) + "\n";
        for (const Header& header : head.headers) {
          result.text += std::string(header.name) + "=" + std::string(header.value) + "\n";
        }
      }
      if (step.event == Http1Parser::Event::kBody) result.text += parser.body();
      if (step.event == Http1Parser::Event::kEnd) {
        for (const Header& t : parser.trailers()) {
          result.text += "\n" + std::string(t.name) + ":" + std::string(t.value);
        }
        return result;
      }
    }
  }
  result.text += "(incomplete)";
  return result;
}

void ExpectSameHoweverCut(const std::string& request, const std::string& expected) {
  EXPECT_EQ(ParseIn({request}).text, expected);
  for (size_t cut = 1; cut < request.size(); ++cut) {
    EXPECT_EQ(ParseIn({request.substr(0, cut), request.substr(cut)}).text, expected) << cut;
  }
  std::vector<std::string> bytes;
  for (const char c : request) bytes.emplace_back(1, c);
  EXPECT_EQ(ParseIn(bytes).text, expected);
}

TEST(Http1Parser, S05_AHeadIsTheSameHoweverItIsCut) {
  ExpectSameHoweverCut(
      "GET /a/b?x=1&y HTTP/1.1\r\nHost: example.org:80\r\nX-Thing:  some value \r\nEmpty:\r\n\r\n",
      "GET /a/b x=1&y example.org:80\nhost=example.org:80\nx-thing=some value\nempty=\n");
}

TEST(Http1Parser, S05_ABodyWithALengthIsTheSameHoweverItIsCut) {
  ExpectSameHoweverCut("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
                       "POST /  a\nhost=a\ncontent-length=11\nhello world");
}

TEST(Http1Parser, S05_AChunkedBodyIsTheSameHoweverItIsCut) {
  ExpectSameHoweverCut(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5\r\nhello\r\n6;ext=\"v\"\r\n world\r\n0\r\nX-Sum: 12\r\n\r\n",
      "POST /  a\nhost=a\ntransfer-encoding=Chunked\nhello world\nx-sum:12");
}

TEST(Http1Parser, S05_AbsoluteFormNamesTheAuthority) {
  EXPECT_EQ(ParseIn({"GET http://a.b:1/p?q HTTP/1.1\r\nHost: A.b:1\r\n\r\n"}).text,
            "GET /p q a.b:1\nhost=A.b:1\n");
  EXPECT_EQ(ParseIn({"GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n"}).text, "GET / q a\nhost=a\n");
}

TEST(Http1Parser, S05_MoreFieldsThanTheFirstArrayHolds) {
  std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
  std::string expected = "GET /  a\nhost=a\n";
  for (int i = 0; i < 99; ++i) {
    request += "H" + std::to_string(i) + ": v\r\n";
    expected += "h" + std::to_string(i) + "=v\n";
  }
  EXPECT_EQ(ParseIn({request + "\r\n"}).text, expected);
  EXPECT_EQ(ParseIn({request + "One: more\r\n\r\n"}).refused, 431);
}

}  // namespace
}  // namespace meshhost
