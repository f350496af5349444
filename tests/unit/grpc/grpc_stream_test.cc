// SPDX-License-Identifier: Apache-2.0
//
// Goal: GrpcStream speaks gRPC over HTTP/2 as the protocol document says. Method: a transport that
// records what is sent, endpoints made of lambdas, a loop without threads.
#include "host/grpc/grpc_stream.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/call/binary_metadata.h"
#include "host/call/call_list.h"
#include "host/call/chain.h"
#include "host/call/handler.h"
#include "host/grpc/compression.h"
#include "meshhost/rpc/status.pb.h"
#include "tests/unit/grpc/grpc_stream_surroundings.h"

namespace meshhost {
namespace {

class GrpcStreamTest : public ::testing::Test {
 protected:
  GrpcStreamTest() {
    endpoint_.kind = Kind::kGrpc;
    endpoint_.handler = &handler_;
    endpoint_.chain = &chain_;
    endpoint_.calls = &calls_;
    directory_.endpoint = &endpoint_;
    handler_.on_call = [this](Exchange& exchange, const Message* first) {
      exchange_ = &exchange;
      called_ = true;
      if (first != nullptr) first_ = TextOf(*first);
      if (react_) react_(exchange, first);
    };
  }
  ~GrpcStreamTest() override { Close(); }

  void Open(std::vector<Header> fields = {}, std::string_view method = "POST") {
    Arena* arena = loop_.arenas().Take();
    auto* head = arena->New<RequestHead>();
    const std::span<Header> kept = arena->NewArray<Header>(fields.size());
    std::copy(fields.begin(), fields.end(), kept.begin());
    head->version = HttpVersion::kHttp2;
    head->method = method;
    head->path = "/pkg.Service/Method";
    head->content_type = "application/grpc";
    head->headers = kept;
    sink_ = OpenGrpcStream(loop_, directory_, settings_, transport_, arena, *head, new Peer);
  }
  void Body(std::string_view bytes) { sink_->OnBody(BorrowedSlice(bytes)); }
  void EndRequest() { sink_->OnBodyEnd({}); }
  void Close(CloseCause cause = CloseCause::kCompleted) {
    if (sink_ == nullptr) return;
    sink_->OnClosed(cause);
    sink_ = nullptr;
  }
  void Unary(std::string_view payload) {
    Body(Framed(payload));
    EndRequest();
  }
  void Echo() {
    react_ = [](Exchange& exchange, const Message* first) { exchange.Finish(first, {}); };
  }
  void Streams(bool client = true) {
    endpoint_.client_stream = client;
    endpoint_.server_stream = true;
    react_ = [this](Exchange& exchange, const Message*) { exchange.SetReceiver(receiver_); };
  }
  std::string Detail() {
    const auto& fields = transport_.trailers.empty() ? transport_.head : transport_.trailers;
    Arena arena;
    rpc::Status status;
    rpc::ErrorInfo info;
    const auto bytes = DecodeBinaryMetadata(fields.at("grpc-status-details-bin"), arena);
    EXPECT_TRUE(status.ParseFromString(std::string(bytes.value())));
    EXPECT_EQ(std::to_string(status.code()), fields.at("grpc-status"));
    EXPECT_EQ(status.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
    EXPECT_TRUE(info.ParseFromString(status.details(0).value()));
    EXPECT_EQ(info.domain(), "meshhost");
    return info.reason();
  }

  StillLoop loop_;
  GrpcSettings settings_;
  Chain chain_{{}};
  LambdaHandler handler_;
  CallLists calls_{1};
  Endpoint endpoint_;
  OneMethod directory_;
  RecordingTransport transport_;
  RecordingReceiver receiver_;
  std::function<void(Exchange&, const Message*)> react_;
  StreamSink* sink_ = nullptr;
  Exchange* exchange_ = nullptr;
  bool called_ = false;
  std::string first_;
};

TEST_F(GrpcStreamTest, S02_UnaryCallIsAnswered) {
  Echo();
  Open();
  Unary("hello");
  EXPECT_EQ(first_, "hello");
  EXPECT_EQ(transport_.status, 200);
  EXPECT_EQ(transport_.head["content-type"], "application/grpc");
  EXPECT_EQ(transport_.head["grpc-accept-encoding"], "identity,gzip");
  EXPECT_EQ(transport_.body, Framed("hello"));
  EXPECT_EQ(transport_.trailers["grpc-status"], "0");
  EXPECT_EQ(transport_.consumed, 10u);
}

TEST_F(GrpcStreamTest, HandlerRunsOnlyOnceTheRequestHasEnded) {
  Echo();
  Open();
  Body(Framed("hello"));
  EXPECT_FALSE(called_);
  EndRequest();
  EXPECT_TRUE(called_);
}

TEST_F(GrpcStreamTest, EmptyMessageIsAMessage) {
  Echo();
  Open();
  Unary("");
  EXPECT_TRUE(called_);
  EXPECT_EQ(transport_.body, Framed(""));
}

TEST_F(GrpcStreamTest, MessageMayArriveByteByByte) {
  Echo();
  Open();
  const std::string payload(5000, 'b');
  for (char c : Framed(payload)) Body({&c, 1});
  EndRequest();
  EXPECT_EQ(first_, payload);
  EXPECT_EQ(transport_.consumed, payload.size() + 5);
}

TEST_F(GrpcStreamTest, LargeMessageOfOneSliceIsNotCopied) {
  const uint8_t* seen = nullptr;
  react_ = [&](Exchange& exchange, const Message* first) {
    seen = first->v[0].p;
    exchange.Finish(first, {});
  };
  Open();
  Block* block = Block::New(10'000);
  const std::string frame = Framed(std::string(8000, 'z'));
  std::copy(frame.begin(), frame.end(), block->data());
  sink_->OnBody({block->data(), frame.size(), block->owner()});
  EndRequest();
  EXPECT_EQ(seen, block->data() + 5);
  EXPECT_TRUE(block->unique());
  block->Release();
}

TEST_F(GrpcStreamTest, S02_ClientStreamFollowsTheHandlersCredits) {
  Streams();
  Open();
  ASSERT_TRUE(called_);
  Body(Framed("1") + Framed("2") + Framed("3"));
  EXPECT_TRUE(receiver_.messages.empty());
  EXPECT_EQ(transport_.consumed, 0u);
  exchange_->Pull(1);
  EXPECT_EQ(receiver_.messages, (std::vector<std::string>{"1"}));
  EXPECT_EQ(transport_.consumed, 6u);
  exchange_->Pull(5);
  EXPECT_EQ(receiver_.messages.size(), 3u);
  Body(Framed("4"));
  EXPECT_EQ(receiver_.messages.size(), 4u);
  EXPECT_FALSE(receiver_.half_closed);
  EndRequest();
  EXPECT_TRUE(receiver_.half_closed);
  EXPECT_EQ(transport_.consumed, 24u);
  exchange_->Finish(nullptr, {});
}

TEST_F(GrpcStreamTest, HalfCloseWaitsForTheLastMessage) {
  Streams();
  Open();
  Body(Framed("1"));
  EndRequest();
  EXPECT_FALSE(receiver_.half_closed);
  exchange_->Pull(1);
  EXPECT_TRUE(receiver_.half_closed);
  exchange_->Finish(nullptr, {});
}

TEST_F(GrpcStreamTest, PullFromInsideAMessageGoesOn) {
  Streams();
  receiver_.on_message = [this] { exchange_->Pull(1); };
  Open();
  std::string frames;
  for (int i = 0; i < 1000; ++i) frames += Framed(std::to_string(i));
  Body(frames);
  exchange_->Pull(1);
  EXPECT_EQ(receiver_.messages.size(), 1000u);
  EXPECT_EQ(receiver_.messages[999], "999");
  exchange_->Finish(nullptr, {});
}

TEST_F(GrpcStreamTest, FinishInsideAMessageDropsTheRest) {
  Streams();
  receiver_.on_message = [this] { exchange_->Finish(nullptr, {}); };
  Open();
  exchange_->Pull(10);
  Body(Framed("1") + Framed("2"));
  EXPECT_EQ(receiver_.messages.size(), 1u);
  Body("more");
  EXPECT_EQ(transport_.consumed, 16u);
  EXPECT_TRUE(transport_.ended);
}

TEST_F(GrpcStreamTest, FinishInsideAPulledMessageDropsTheRest) {
  Streams();
  receiver_.on_message = [this] { exchange_->Finish(nullptr, {}); };
  Open();
  Body(Framed("1") + Framed("2"));
  exchange_->Pull(10);
  EXPECT_EQ(receiver_.messages.size(), 1u);
  EXPECT_EQ(transport_.consumed, 12u);
}

TEST_F(GrpcStreamTest, S02_ServerStreamStopsAtTheHighMark) {
  Streams(false);
  Open();
  Unary("go");
  const std::string text = "piece";
  const Slice slice = BorrowedSlice(text);
  const Message message{&slice, 1, 0};
  EXPECT_EQ(exchange_->Send(message), Sent::kTaken);
  transport_.unsent = 1001;
  EXPECT_EQ(exchange_->Send(message), Sent::kAgain);
  transport_.unsent = 0;
  sink_->OnWritable();
  EXPECT_EQ(receiver_.writable, 1);
  EXPECT_EQ(exchange_->Send(message), Sent::kTaken);
  exchange_->Finish(nullptr, {});
  EXPECT_EQ(transport_.body, Framed("piece") + Framed("piece"));
  EXPECT_EQ(transport_.trailers["grpc-status"], "0");
}

TEST_F(GrpcStreamTest, InitialMetadataLeavesBeforeMessages) {
  Streams(false);
  Open();
  Unary("go");
  const std::vector<Header> metadata = {{"x-a", "1"}, {"x-b-bin", {"\0\xff", 2}}};
  EXPECT_EQ(exchange_->SendHeaders(200, metadata), Sent::kTaken);
  EXPECT_EQ(transport_.head["x-a"], "1");
  EXPECT_EQ(transport_.head["x-b-bin"], "AP8");
  EXPECT_EQ(exchange_->SendHeaders(200, metadata), Sent::kInvalid);
  exchange_->Finish(nullptr, {});
}

TEST_F(GrpcStreamTest, ReservedAndInvalidMetadataOfModulesIsDropped) {
  react_ = [](Exchange& exchange, const Message* first) {
    const std::vector<Header> fields = {{"grpc-status", "7"}, {"content-type", "text/html"},
                                        {":status", "500"},   {"Upper", "x"},
                                        {"x-crlf", "a\r\nb"}, {"x-good", "kept"}};
    exchange.SendHeaders(200, fields);
    Outcome outcome;
    outcome.trailers = fields;
    exchange.Finish(first, outcome);
  };
  Open();
  Unary("x");
  EXPECT_EQ(transport_.head.size(), 3u);
  EXPECT_EQ(transport_.head["x-good"], "kept");
  EXPECT_EQ(transport_.trailers.size(), 2u);
  EXPECT_EQ(transport_.trailers["grpc-status"], "0");
}

TEST_F(GrpcStreamTest, ImmediateErrorIsTrailersOnly) {
  react_ = [](Exchange& exchange, const Message*) {
    Outcome outcome;
    outcome.code = Code::kNotFound;
    outcome.message = "no such itäm: 100%";
    outcome.details = "raw";
    exchange.Finish(nullptr, outcome);
  };
  Open();
  Unary("x");
  EXPECT_EQ(transport_.head["grpc-status"], "5");
  EXPECT_EQ(transport_.head["grpc-message"], "no such it%C3%A4m: 100%25");
  EXPECT_EQ(transport_.head["grpc-status-details-bin"], "cmF3");
  EXPECT_TRUE(transport_.trailers.empty());
  EXPECT_TRUE(transport_.ended);
}

TEST_F(GrpcStreamTest, S66_MessageOverTheLimitIsRefusedBeforeItArrives) {
  settings_.message_in = 1000;
  Echo();
  Open();
  Body(Framed(std::string(1001, 'x')).substr(0, 5));
  EXPECT_EQ(transport_.code(), "8");
  EXPECT_EQ(Detail(), "MESSAGE_TOO_LARGE");
  EXPECT_FALSE(called_);
}

TEST_F(GrpcStreamTest, S66_LimitIsPerMethod) {
  endpoint_.max_message = 2000;
  settings_.message_in = 1000;
  Echo();
  Open();
  Unary(std::string(2000, 'x'));
  EXPECT_EQ(transport_.code(), "0");
}

TEST_F(GrpcStreamTest, S66_AnswerOverTheLimitIsResourceExhausted) {
  settings_.message_out = 10;
  Echo();
  Open();
  Unary("eleven bytes");
  EXPECT_EQ(transport_.code(), "8");
  EXPECT_EQ(Detail(), "MESSAGE_TOO_LARGE");
}

TEST_F(GrpcStreamTest, StreamMessageOverTheLimitIsInvalid) {
  settings_.message_out = 10;
  Streams(false);
  Open();
  Unary("go");
  const Slice slice = BorrowedSlice("eleven bytes");
  EXPECT_EQ(exchange_->Send({&slice, 1, 0}), Sent::kInvalid);
  exchange_->Finish(nullptr, {});
}

TEST_F(GrpcStreamTest, S04_UnparsablePayloadNeverReachesTheHandler) {
  const RejectAll check;
  endpoint_.request_check = &check;
  Echo();
  Open();
  Unary("junk");
  EXPECT_EQ(transport_.code(), "3");
  EXPECT_EQ(Detail(), "MALFORMED_MESSAGE");
  EXPECT_FALSE(called_);
}

TEST_F(GrpcStreamTest, TooManyOrNoMessagesAreErrors) {
  Echo();
  Open();
  Body(Framed("1") + Framed("2"));
  EXPECT_EQ(transport_.code(), "13");
  Close();
  transport_ = {};
  Open();
  EndRequest();
  EXPECT_EQ(transport_.code(), "13");
  Close();
  transport_ = {};
  Open();
  Body(Framed("whole").substr(0, 7));
  EndRequest();
  EXPECT_EQ(transport_.code(), "13");
  EXPECT_FALSE(called_);
}

TEST_F(GrpcStreamTest, MalformedFlagByteIsAnError) {
  Echo();
  Open();
  Body(std::string("\2\0\0\0\0", 5));
  EXPECT_EQ(transport_.code(), "13");
}

TEST_F(GrpcStreamTest, TimeoutBecomesTheDeadline) {
  Streams();
  Open({{"grpc-timeout", "250m"}});
  EXPECT_EQ(exchange_->deadline_ns(), kStartNs + 250'000'000);
  exchange_->Finish(nullptr, {});
}

TEST_F(GrpcStreamTest, MalformedTimeoutIsAnError) {
  for (const char* text : {"", "S", "10", "10x", "123456789S", "-1S", "1 S"}) {
    transport_ = {};
    Open({{"grpc-timeout", text}});
    EXPECT_EQ(transport_.code(), "13") << text;
    Close();
  }
  EXPECT_FALSE(called_);
}

TEST_F(GrpcStreamTest, GzipRequestIsUnpacked) {
  Echo();
  Open({{"grpc-encoding", "gzip"}});
  const std::string payload(3000, 'g');
  const Slice slice = BorrowedSlice(payload);
  const auto packed = GzipMessage({&slice, 1, 0});
  ASSERT_TRUE(packed.ok());
  Body(Framed(ToView(packed->slice()), true));
  EndRequest();
  EXPECT_EQ(first_, payload);
  EXPECT_EQ(transport_.body, Framed(payload));
}

TEST_F(GrpcStreamTest, GzipBombIsStopped) {
  settings_.message_in = 100'000;
  Echo();
  Open({{"grpc-encoding", "gzip"}});
  const std::string payload(50'000'000, '\0');
  const Slice slice = BorrowedSlice(payload);
  const auto packed = GzipMessage({&slice, 1, 0});
  ASSERT_LT(packed->slice().n, settings_.message_in * 3);
  settings_.message_in = packed->slice().n;
  Close();
  transport_ = {};
  Open({{"grpc-encoding", "gzip"}});
  Body(Framed(ToView(packed->slice()), true));
  EXPECT_EQ(transport_.code(), "8");
  EXPECT_FALSE(called_);
}

TEST_F(GrpcStreamTest, BrokenGzipAndUnannouncedCompressionAreErrors) {
  Echo();
  Open({{"grpc-encoding", "gzip"}});
  Body(Framed("not gzip", true));
  EXPECT_EQ(transport_.code(), "13");
  Close();
  transport_ = {};
  Open();
  Body(Framed("xx", true));
  EXPECT_EQ(transport_.code(), "13");
}

TEST_F(GrpcStreamTest, UnknownEncodingIsUnimplementedAndSaysWhatIsKnown) {
  Open({{"grpc-encoding", "snappy"}});
  EXPECT_EQ(transport_.code(), "12");
  EXPECT_EQ(transport_.head["grpc-accept-encoding"], "identity,gzip");
}

TEST_F(GrpcStreamTest, AnswersArePackedOnlyWhenConfiguredAndAccepted) {
  settings_.gzip_answers = true;
  Echo();
  Open({{"grpc-accept-encoding", "identity, gzip"}});
  const std::string payload(3000, 'g');
  Unary(payload);
  EXPECT_EQ(transport_.head["grpc-encoding"], "gzip");
  ASSERT_EQ(transport_.body[0], '\1');
  const auto plain =
      GunzipMessage(BorrowedSlice(std::string_view(transport_.body).substr(5)), 9999);
  EXPECT_EQ(ToView(plain->slice()), payload);
  Close();
  transport_ = {};
  Open({{"grpc-accept-encoding", "identity"}});
  Unary(payload);
  EXPECT_FALSE(transport_.head.contains("grpc-encoding"));
  EXPECT_EQ(transport_.body, Framed(payload));
}

TEST_F(GrpcStreamTest, OnlyPostIsGrpc) {
  Open({}, "GET");
  EXPECT_EQ(transport_.status, 200);
  EXPECT_EQ(transport_.code(), "12");
}

TEST_F(GrpcStreamTest, ContentTypesOfGrpc) {
  EXPECT_TRUE(IsGrpcContentType("application/grpc"));
  EXPECT_TRUE(IsGrpcContentType("application/grpc+proto"));
  EXPECT_TRUE(IsGrpcContentType("Application/GRPC;charset=x"));
  EXPECT_FALSE(IsGrpcContentType("application/grpc-web"));
  EXPECT_FALSE(IsGrpcContentType("application/json"));
  EXPECT_FALSE(IsGrpcContentType("application/grpcfoo"));
}

TEST_F(GrpcStreamTest, S02_CancelOfThePeerReachesTheHandler) {
  Streams();
  Open();
  Close(CloseCause::kReset);
  EXPECT_EQ(receiver_.cancels, (std::vector<CancelReason>{CancelReason::kPeer}));
  EXPECT_FALSE(receiver_.ended);
  EXPECT_EQ(exchange_->Finish(nullptr, {}), Finished::kCancelled);
  EXPECT_TRUE(receiver_.ended);
  EXPECT_EQ(receiver_.final.code, Code::kCancelled);
  EXPECT_EQ(calls_.calls(), 0u);
}

TEST_F(GrpcStreamTest, FinishedCallIsReportedAsDelivered) {
  Streams();
  Open();
  exchange_->Finish(nullptr, {});
  EXPECT_FALSE(receiver_.ended);
  Close();
  EXPECT_TRUE(receiver_.ended);
  EXPECT_TRUE(receiver_.final.delivered);
  EXPECT_EQ(receiver_.final.http_status, 200);
}

TEST_F(GrpcStreamTest, AbortAnswersAndTellsTheHandler) {
  Streams();
  Open();
  exchange_->Abort(CancelReason::kDeadline, Refusal(Reason::kDeadlineExceeded));
  EXPECT_EQ(transport_.code(), "4");
  EXPECT_EQ(Detail(), "DEADLINE_EXCEEDED");
  EXPECT_EQ(receiver_.cancels, (std::vector<CancelReason>{CancelReason::kDeadline}));
  exchange_->Finish(nullptr, {});
}

}  // namespace
}  // namespace meshhost
