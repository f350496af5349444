// SPDX-License-Identifier: Apache-2.0
//
// Goal: an HTTP/1.1 connection as its peer sees it: keep-alive, pipelining, chunks, expectations,
// limits, time-outs, back-pressure, draining. Method: bytes in, bytes out, on a fake channel.
#include "host/http/http1_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/http/http1_fixture.h"

namespace meshhost {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uint64_t kSecond = 1'000'000'000;

size_t Count(const std::string& text, std::string_view part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

class Http1SessionTest : public Http1Fixture {};

TEST_F(Http1SessionTest, S05_AnswersAndKeepsTheConnection) {
  Connect();
  for (int i = 0; i < 3; ++i) {
    const std::string answer = Ask(Get("/hello"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ndate: "));
    EXPECT_THAT(answer, HasSubstr(" GMT\r\ncontent-length: 5\r\n\r\nhello"));
    EXPECT_THAT(answer, Not(HasSubstr("connection:")));
  }
  EXPECT_FALSE(IsOver());
  EXPECT_TRUE(channel_->awaiting_readable());
}

TEST_F(Http1SessionTest, S05_ServesWhatProtocolDetectionHadRead) {
  Connect(Get("/hello").substr(0, 20));
  EXPECT_THAT(Ask(Get("/hello").substr(20)), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Http1SessionTest, S05_PipelinedAnswersLeaveInOrderAndInOneWrite) {
  Connect();
  const int before = channel_->writes();
  std::string requests;
  for (int i = 0; i < 10; ++i) {
    const std::string body = "n" + std::to_string(i);
    requests += "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n" + body;
  }
  const std::string answers = Ask(requests);
  EXPECT_EQ(Count(answers, "HTTP/1.1 200 OK"), 10u);
  for (int i = 1; i < 10; ++i) {
    EXPECT_LT(answers.find("n" + std::to_string(i - 1)), answers.find("n" + std::to_string(i)));
  }
  EXPECT_EQ(channel_->writes() - before, 1);
}

TEST_F(Http1SessionTest, S05_ARequestWaitsForTheAnswerToTheOneBefore) {
  Connect();
  EXPECT_EQ(Ask(Get("/later") + Get("/hello") + Get("/hello")), "");
  FinishWith(*later.exchange, "first");
  loop_.RunUntilIdle();
  const std::string answers = channel_->TakeOutput();
  EXPECT_EQ(Count(answers, "HTTP/1.1 200 OK"), 3u);
  EXPECT_LT(answers.find("first"), answers.find("hello"));
  EXPECT_TRUE(later.ended);
  EXPECT_TRUE(later.final.delivered);
}

TEST_F(Http1SessionTest, S05_ManyPipelinedRequestsAreAllAnswered) {
  Connect();
  std::string requests;
  for (int i = 0; i < 5000; ++i) requests += Get("/hello");
  EXPECT_EQ(Count(Ask(requests), "HTTP/1.1 200 OK"), 1000u);  // requests_per_connection
  EXPECT_TRUE(IsOver());
}

TEST_F(Http1SessionTest, S05_TheLastRequestOfAConnectionIsToldSo) {
  settings_.requests_per_connection = 2;
  Connect();
  EXPECT_THAT(Ask(Get("/hello")), Not(HasSubstr("connection: close")));
  EXPECT_THAT(Ask(Get("/hello")), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(channel_->closed());
}

TEST_F(Http1SessionTest, S05_HonoursConnectionCloseAndHttp10) {
  Connect();
  EXPECT_THAT(Ask("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
              HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(channel_->closed());
  Connect();
  EXPECT_THAT(Ask("GET /hello HTTP/1.0\r\n\r\n"), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(channel_->closed());
  Connect();
  EXPECT_THAT(Ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("connection: keep-alive\r\n"));
  EXPECT_FALSE(channel_->closed());
}

TEST_F(Http1SessionTest, S05_SkipsOneEmptyLineBeforeARequest) {
  Connect();
  EXPECT_THAT(Ask("\r\n" + Get("/hello") + "\r\n" + Get("/hello")), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_FALSE(IsOver());
}

TEST_F(Http1SessionTest, S05_HeadIsAnsweredFromGetWithoutBody) {
  Connect();
  const std::string answer = Ask("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("content-length: 5\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_THAT(Ask("HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n"), ::testing::EndsWith("\r\n\r\n"));
  EXPECT_THAT(Ask(Get("/hello")), ::testing::EndsWith("hello"));
}

TEST_F(Http1SessionTest, S36_AllowIsNamedForOptionsAndForAWrongMethod) {
  Connect();
  const std::string options = Ask("OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(options, StartsWith("HTTP/1.1 204 No Content\r\nallow: GET, HEAD, OPTIONS\r\n"));
  EXPECT_THAT(options, Not(HasSubstr("content-length")));
  const std::string wrong = Ask("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(wrong, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(wrong, HasSubstr("allow: GET, HEAD, OPTIONS\r\n"));
  EXPECT_THAT(wrong, HasSubstr("METHOD_NOT_ALLOWED"));
  EXPECT_THAT(Ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 204 "));
}

TEST_F(Http1SessionTest, S05_AnUnknownPathIsAProblem) {
  Connect();
  const std::string answer = Ask(Get("/nothing?x"));
  EXPECT_THAT(answer,
              StartsWith("HTTP/1.1 404 Not Found\r\ncontent-type: application/problem+json"));
  EXPECT_THAT(answer, HasSubstr("\"instance\":\"/nothing\""));
  EXPECT_THAT(answer, HasSubstr("\"code\":\"ROUTE_NOT_FOUND\""));
  EXPECT_THAT(Ask(Get("/hello%zz")), StartsWith("HTTP/1.1 400 "));
  EXPECT_FALSE(IsOver());
}

TEST_F(Http1SessionTest, S05_ChunkedBodiesAreGathered) {
  Connect();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  Send(head + "3\r\nabc\r\n");
  EXPECT_EQ(channel_->output(), "");
  EXPECT_THAT(Ask("2\r\nde\r\n0\r\nTrailer: x\r\n\r\n" + Get("/hello")),
              HasSubstr("content-length: 5\r\n\r\nabcdeHTTP/1.1 200 OK"));
}

TEST_F(Http1SessionTest, S66_ABodyThatIsDeclaredTooLargeIsRefusedUnread) {
  settings_.http_body = 100;
  Connect();
  const std::string answer =
      Ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nxx");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  EXPECT_THAT(answer, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(channel_->write_shut());
  EXPECT_FALSE(channel_->closed()) << "must linger, else a reset could overtake the answer";
  Send(std::string(500'000, 'x'));
  EXPECT_EQ(channel_->unread(), 0u);
  channel_->CloseByPeer();
  EXPECT_TRUE(channel_->closed());
}

TEST_F(Http1SessionTest, S66_ABodyThatGrowsTooLargeIsRefused) {
  settings_.http_body = 100;
  Connect();
  Send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "40\r\n" + std::string(64, 'x') + "\r\n";
  EXPECT_EQ(Ask(chunk), "");
  EXPECT_THAT(Ask(chunk), StartsWith("HTTP/1.1 413 "));
  // A little more is read, for the sake of the connection.
  EXPECT_THAT(Ask("0\r\n\r\n" + Get("/hello")), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(Http1SessionTest, S66_AnUnwantedBodyIsNotReadForEver) {
  settings_.http_body = 100;
  Connect();
  Send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  for (int i = 0; i < 8 && !IsOver(); ++i) Send(chunk);
  EXPECT_TRUE(IsOver());
  EXPECT_EQ(Count(channel_->output(), "HTTP/1.1"), 1u);
}

TEST_F(Http1SessionTest, S05_ExpectContinueIsAnsweredWhenTheBodyIsWanted) {
  Connect();
  const std::string expect = "Host: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(Ask("POST /echo HTTP/1.1\r\n" + expect), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(Ask("ok"), HasSubstr("200 OK"));
  // Refused: no invitation, and the connection cannot go on.
  const std::string refused = Ask("POST /nothing%zz HTTP/1.1\r\n" + expect);
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(refused, HasSubstr("connection: close"));
  EXPECT_TRUE(IsOver());
}

TEST_F(Http1SessionTest, S05_ExpectContinueIsNotAnsweredWhenTheBodyIsHere) {
  Connect();
  EXPECT_EQ(Count(Ask("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                      "Expect: 100-continue\r\n\r\nok"),
                  "100 Continue"),
            0u);
  stream.exchange->Pull(1);
  loop_.RunUntilIdle();
  EXPECT_EQ(stream.messages, std::vector<std::string>{"ok"});
  EXPECT_EQ(channel_->TakeOutput(), "");
}

TEST_F(Http1SessionTest, S66_LimitsOnTargetAndHeaders) {
  Connect();
  EXPECT_THAT(Ask("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 414 "));
  Connect();
  EXPECT_THAT(Ask("GET /" + std::string(70'000, 'a')), StartsWith("HTTP/1.1 414 "));
  Connect();
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'a')),
              StartsWith("HTTP/1.1 431 "));
  Connect();
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 70; ++i)
    many += "X" + std::to_string(i) + ": " + std::string(1000, 'v') + "\r\n";
  EXPECT_THAT(Ask(many + "\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_TRUE(IsOver());
  Connect();
  EXPECT_THAT(Ask("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(50'000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(Http1SessionTest, S05_SlowHeadersAre408) {
  Connect();
  Send("GET /hello HTTP/1.1\r\n");
  for (int i = 0; i < 6; ++i) {
    loop_.Advance(9 * kSecond);
    Send("X-" + std::to_string(i) + ": drip\r\n");
  }
  EXPECT_EQ(channel_->output(), "");
  loop_.Advance(7 * kSecond);
  EXPECT_THAT(channel_->TakeOutput(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_TRUE(channel_->write_shut());
  loop_.Advance(3 * kSecond);
  EXPECT_TRUE(channel_->closed());
}

TEST_F(Http1SessionTest, S05_SlowBodiesAre408) {
  Connect();
  Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  loop_.Advance(50 * kSecond);
  Send("x");
  loop_.Advance(50 * kSecond);
  EXPECT_EQ(channel_->output(), "");
  loop_.Advance(11 * kSecond);
  EXPECT_THAT(channel_->TakeOutput(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(Http1SessionTest, S05_IdleConnectionsAreClosedWithoutAWord) {
  Connect();
  Ask(Get("/hello"));
  loop_.Advance(74 * kSecond);
  EXPECT_FALSE(channel_->closed());
  loop_.Advance(2 * kSecond);
  EXPECT_TRUE(channel_->closed());
  EXPECT_EQ(channel_->output(), "");
  EXPECT_EQ(server_->size(), 0u);
  Connect();
  loop_.Advance(61 * kSecond);
  EXPECT_TRUE(channel_->closed()) << "a peer that never says anything";
}

TEST_F(Http1SessionTest, S72_APeerThatDoesNotReadStopsTheProducerAndIsCutOff) {
  settings_.connection_buffer = 10'000;
  Connect();
  channel_->SetWritable(0);
  Send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  const std::string text(1000, 'x');
  const Slice slice = BorrowedSlice(text);
  int taken = 0;
  while (stream.exchange->Send({&slice, 1, 0}) == Sent::kTaken) ++taken;
  EXPECT_GE(taken, 8);
  EXPECT_LE(taken, 11);
  loop_.RunUntilIdle();
  EXPECT_EQ(stream.writable, 0);
  channel_->SetWritable(8000);
  loop_.RunUntilIdle();
  EXPECT_EQ(stream.writable, 1);
  EXPECT_EQ(stream.exchange->Send({&slice, 1, 0}), Sent::kTaken);
  loop_.RunUntilIdle();
  loop_.Advance(settings_.write_idle_ns + kSecond);
  EXPECT_TRUE(channel_->aborted());
  EXPECT_EQ(stream.cancels, std::vector<CancelReason>{CancelReason::kPeer});
}

TEST_F(Http1SessionTest, S72_AModuleThatDoesNotPullStopsThePeer) {
  settings_.connection_buffer = 10'000;
  Connect();
  Send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  channel_->SetReadSize(1000);
  channel_->Feed(std::string(100'000, 'x'));
  loop_.RunUntilIdle();
  EXPECT_GE(channel_->unread(), 88'000u);
  EXPECT_FALSE(channel_->awaiting_readable());
  stream.exchange->Pull(1000);
  loop_.RunUntilIdle();
  channel_->SignalReadable();
  loop_.RunUntilIdle();
  EXPECT_EQ(channel_->unread(), 0u);
  size_t total = 0;
  for (const std::string& message : stream.messages) total += message.size();
  EXPECT_EQ(total, 100'000u);
}

TEST_F(Http1SessionTest, S05_AStreamIsChunkedAndEndsWithTrailers) {
  Connect();
  Send("POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  stream.exchange->Pull(10);
  const Header fields[] = {{"content-type", "text/plain"},
                           {"content-length", "99"},
                           {"connection", "close"},
                           {"transfer-encoding", "gzip"}};
  EXPECT_EQ(stream.exchange->SendHeaders(201, fields), Sent::kTaken);
  loop_.RunUntilIdle();
  const std::string head = channel_->TakeOutput();
  EXPECT_THAT(head, StartsWith("HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\n"));
  EXPECT_THAT(head, HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("99")));
  EXPECT_THAT(head, Not(HasSubstr("gzip")));
  EXPECT_EQ(Ask("3\r\nabc\r\n"), "");
  EXPECT_EQ(stream.messages, std::vector<std::string>{"abc"});
  const Slice slice = BorrowedSlice("hello, world");
  EXPECT_EQ(stream.exchange->Send({&slice, 1, 0}), Sent::kTaken);
  loop_.RunUntilIdle();
  EXPECT_EQ(channel_->TakeOutput(), "c\r\nhello, world\r\n");
  EXPECT_EQ(Ask("0\r\n\r\n"), "");
  EXPECT_TRUE(stream.half_closed);
  Outcome outcome;
  const Header trailers[] = {{"x-sum", "1"}, {"bad name", "1"}, {"x-bad", "a\r\nb"}};
  outcome.trailers = trailers;
  stream.exchange->Finish(nullptr, outcome);
  loop_.RunUntilIdle();
  EXPECT_EQ(channel_->TakeOutput(), "0\r\nx-sum: 1\r\n\r\n");
  EXPECT_THAT(Ask(Get("/hello")), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(Http1SessionTest, S05_AnAnswerMayComeBeforeTheBodyHasEnded) {
  Connect();
  Send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  FinishWith(*stream.exchange, "enough");
  loop_.RunUntilIdle();
  EXPECT_THAT(channel_->TakeOutput(), HasSubstr("enough"));
  EXPECT_THAT(Ask("defghij" + Get("/hello")), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(Http1SessionTest, S05_AFailureAfterTheHeadCutsTheResponseShort) {
  Connect();
  Send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  stream.exchange->SendHeaders(200, {});
  loop_.RunUntilIdle();
  EXPECT_THAT(channel_->TakeOutput(), HasSubstr("chunked"));
  Outcome outcome;
  outcome.code = Code::kInternal;
  stream.exchange->Finish(nullptr, outcome);
  loop_.RunUntilIdle();
  EXPECT_EQ(channel_->TakeOutput(), "") << "no last chunk, no second answer";
  EXPECT_TRUE(channel_->closed());
  EXPECT_FALSE(stream.final.delivered);
}

TEST_F(Http1SessionTest, S05_ABadChunkAfterTheAnswerBeganEndsTheConnection) {
  Connect();
  Send("POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  stream.exchange->SendHeaders(200, {});
  loop_.RunUntilIdle();
  channel_->TakeOutput();
  EXPECT_EQ(Ask("nonsense\r\n"), "");
  EXPECT_TRUE(IsOver());
  EXPECT_EQ(stream.cancels, std::vector<CancelReason>{CancelReason::kLimit});
}

TEST_F(Http1SessionTest, S05_APeerThatLeavesCancelsItsCall) {
  Connect();
  Send(Get("/later"));
  channel_->CloseByPeer();
  loop_.RunUntilIdle();
  EXPECT_EQ(later.cancels, std::vector<CancelReason>{CancelReason::kPeer});
  EXPECT_FALSE(later.ended) << "the handler still owes its Finish";
  EXPECT_EQ(FinishWith(*later.exchange, "late"), Finished::kCancelled);
  EXPECT_TRUE(later.ended);
  EXPECT_EQ(server_->size(), 0u);
}

TEST_F(Http1SessionTest, S05_APeerThatLeavesInTheMiddleOfAHeadOrBody) {
  Connect();
  Send("GET /hel");
  channel_->CloseByPeer();
  EXPECT_TRUE(channel_->closed());
  EXPECT_EQ(channel_->output(), "");
  Connect();
  Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  channel_->ResetByPeer();
  EXPECT_TRUE(channel_->closed());
  loop_.RunUntilIdle();
  EXPECT_EQ(directory_.calls().calls(), 0u);
}

TEST_F(Http1SessionTest, S05_DrainClosesIdleConnectionsAndEndsTheOthersPolitely) {
  Connect();
  boost::intrusive_ptr<FakeChannel> idle = channel_;
  Connect();
  Send(Get("/later"));
  server_->Drain();
  loop_.RunUntilIdle();
  EXPECT_TRUE(idle->closed());
  EXPECT_FALSE(channel_->closed());
  FinishWith(*later.exchange, "bye");
  loop_.RunUntilIdle();
  EXPECT_THAT(channel_->TakeOutput(), HasSubstr("connection: close\r\n\r\nbye"));
  EXPECT_TRUE(channel_->closed());
  EXPECT_EQ(server_->size(), 0u);
}

TEST_F(Http1SessionTest, S84_AGentleDrainWaitsForOneMoreRequest) {
  Connect();
  Ask(Get("/hello"));
  boost::intrusive_ptr<FakeChannel> idle = channel_;
  Connect();
  boost::intrusive_ptr<FakeChannel> silent = channel_;
  Connect();
  Send(Get("/later"));
  server_->DrainGently();
  loop_.RunUntilIdle();
  EXPECT_FALSE(idle->closed());
  EXPECT_FALSE(silent->closed());
  FinishWith(*later.exchange, "bye");
  loop_.RunUntilIdle();
  EXPECT_THAT(channel_->TakeOutput(), HasSubstr("connection: close\r\n\r\nbye"));
  EXPECT_TRUE(channel_->closed());
  for (const auto& channel : {idle, silent}) {
    channel->Feed(Get("/hello"));
    loop_.RunUntilIdle();
    EXPECT_THAT(channel->TakeOutput(), HasSubstr("connection: close\r\n\r\nhello"));
    EXPECT_TRUE(channel->closed());
  }
}

TEST_F(Http1SessionTest, S05_DrainServesWhatHasArrivedUnread) {
  Connect();
  Ask(Get("/hello"));
  channel_->FeedSilently(Get("/hello"));
  server_->Drain();
  loop_.RunUntilIdle();
  EXPECT_THAT(channel_->TakeOutput(), HasSubstr("connection: close\r\n\r\nhello"));
  EXPECT_TRUE(channel_->closed());
}

TEST_F(Http1SessionTest, S05_CloseAllCancelsCalls) {
  Connect();
  Send(Get("/later"));
  server_->CloseAll();
  loop_.RunUntilIdle();
  EXPECT_TRUE(channel_->closed());
  EXPECT_EQ(later.cancels, std::vector<CancelReason>{CancelReason::kPeer});
}

TEST_F(Http1SessionTest, S05_LargeBodiesBothWaysAndPartialWrites) {
  settings_.http_body = 10'000'000;
  Connect();
  channel_->SetWritable(1000);
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i) + ",";
  Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
       "\r\n\r\n" + body);
  std::string answer = channel_->TakeOutput();
  while (answer.size() < body.size()) {
    channel_->SetWritable(777'777);
    loop_.RunUntilIdle();
    const std::string more = channel_->TakeOutput();
    ASSERT_FALSE(more.empty());
    answer += more;
  }
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body));
}

}  // namespace
}  // namespace meshhost
