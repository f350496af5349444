// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "host/http/http1_server.h"
#include "tests/unit/http/http_fixture.h"

namespace meshhost {

// One HTTP/1.1 connection to REST endpoints. "/echo" answers with its body, "/hello" with "hello";
// "/later" and "/stream" leave the answer to the test, through `later` and `stream`.
class Http1Fixture : public ::testing::Test, public Dispatcher {
 protected:
  Http1Fixture() {
    settings_.write_idle_ns = 5'000'000'000;
    directory_.Add("GET", "/hello", [](Exchange& e, const Message*) {
      const Header type[] = {{"content-type", "text/plain"}};
      e.SendHeaders(200, type);
      FinishWith(e, "hello");
    });
    directory_.Add("POST", "/echo",
                   [](Exchange& e, const Message* m) { FinishWith(e, TextOf(*m)); });
    directory_.Add("GET", "/later", [this](Exchange& e, const Message*) { Keep(later, e); });
    directory_.Add("POST", "/later", [this](Exchange& e, const Message*) { Keep(later, e); });
    Endpoint& bidi =
        directory_.Add("POST", "/stream", [this](Exchange& e, const Message*) { Keep(stream, e); });
    bidi.client_stream = bidi.server_stream = true;
  }
  ~Http1Fixture() override {
    if (server_ != nullptr) server_->CloseAll();
    for (RecordingReceiver* receiver : {&later, &stream}) {
      if (receiver->exchange != nullptr) receiver->exchange->Finish(nullptr, {});
    }
    loop_.RunUntilIdle();
  }

  static void Keep(RecordingReceiver& receiver, Exchange& exchange) {
    receiver.exchange = &exchange;
    exchange.SetReceiver(receiver);
  }

  // Adding endpoints is over; a connection is there.
  void Connect(std::string_view already_read = {}) {
    if (server_ == nullptr) {
      directory_.Compile();
      server_ = std::make_unique<Http1Server>(
          loop_, [this]() -> Block& { return loop_.read_block(); }, *this, settings_);
    }
    channel_ = new FakeChannel;
    server_->Serve(channel_,
                   {reinterpret_cast<const uint8_t*>(already_read.data()), already_read.size()});
    loop_.RunUntilIdle();
  }
  void Send(std::string_view bytes) {
    channel_->Feed(bytes);
    loop_.RunUntilIdle();
  }
  std::string Ask(std::string_view bytes) {
    Send(bytes);
    return channel_->TakeOutput();
  }
  static std::string Get(std::string_view path) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  bool IsOver() const { return channel_->closed() || channel_->write_shut(); }

  StreamSink* Open(Transport& transport, Arena* arena, const RequestHead& head,
                   const PeerRef& peer) override {
    return OpenRestStream(loop_, directory_, settings_, transport, arena, head, peer);
  }

  FakeLoop loop_;
  HttpSettings settings_;
  TestDirectory directory_;
  std::unique_ptr<Http1Server> server_;
  boost::intrusive_ptr<FakeChannel> channel_;
  RecordingReceiver later;
  RecordingReceiver stream;
};

}  // namespace meshhost
