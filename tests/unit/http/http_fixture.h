// SPDX-License-Identifier: Apache-2.0
//
// Endpoints made of lambdas, a directory that routes to them, and a dispatcher that serves them:
// what stands above a session in the tests of this folder.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/call/call_list.h"
#include "host/call/chain.h"
#include "host/call/endpoint.h"
#include "host/call/exchange.h"
#include "host/call/handler.h"
#include "host/call/transport.h"
#include "host/http/http_settings.h"
#include "host/http/rest_stream.h"
#include "host/http/virtual_hosts.h"
#include "tests/unit/http/fake_channel.h"

namespace meshhost {

inline std::string TextOf(const Message& message) {
  std::string text;
  for (uint32_t i = 0; i < message.n; ++i) text += ToView(message.v[i]);
  return text;
}

inline Finished FinishWith(Exchange& exchange, std::string_view body, const Outcome& outcome = {}) {
  const Slice slice = BorrowedSlice(body);
  const Message message{&slice, 1, 0};
  return exchange.Finish(&message, outcome);
}

// Runs the given function for each call.
class LambdaHandler final : public Handler {
 public:
  using Function = std::function<void(Exchange&, const Message*)>;
  explicit LambdaHandler(Function function) : function_(std::move(function)) {}
  void OnCall(Exchange& exchange, const Message* first) override { function_(exchange, first); }

 private:
  Function function_;
};

// A call that the test drives: it sees what happened and calls the exchange when it likes.
class RecordingReceiver final : public Receiver {
 public:
  void OnMessage(const Message& message) override {
    messages.push_back(TextOf(message));
    flags.push_back(message.flags);
    if (on_message) on_message(messages.back());
  }
  void OnHalfClose() override { half_closed = true; }
  void OnWritable() override {
    ++writable;
    if (on_writable) on_writable();
  }
  void OnCancel(CancelReason reason) override { cancels.push_back(reason); }
  void OnEnd(const Final& final_facts) override {
    ended = true;
    final = final_facts;
    exchange = nullptr;
  }

  Exchange* exchange = nullptr;
  std::vector<std::string> messages;
  std::vector<uint32_t> flags;
  std::vector<CancelReason> cancels;
  std::function<void(const std::string&)> on_message;
  std::function<void()> on_writable;
  int writable = 0;
  bool half_closed = false;
  bool ended = false;
  Final final;
};

// Routes of one test.
class TestDirectory final : public Directory {
 public:
  TestDirectory()
      : chain_({}),
        refuse_([](Exchange& exchange, const Message*) {
          exchange.Finish(nullptr, Refusal(Reason::kRouteNotFound));
        }),
        forbid_([](Exchange& exchange, const Message*) {
          Outcome outcome = Refusal(Reason::kMethodNotAllowed);
          outcome.allow = exchange.allow();
          exchange.Finish(nullptr, outcome);
        }) {
    nowhere_.handler = &refuse_;
    nowhere_.chain = &chain_;
    nowhere_.calls = &calls_;
    wrong_verb_ = nowhere_;
    wrong_verb_.handler = &forbid_;
  }

  Endpoint& Add(std::string verb, std::string pattern, LambdaHandler::Function function) {
    handlers_.emplace_back(std::move(function));
    Endpoint& endpoint = endpoints_.emplace_back();
    endpoint.verb = std::move(verb);
    endpoint.name = std::move(pattern);
    endpoint.module = "test";
    endpoint.handler = &handlers_.back();
    endpoint.chain = &chain_;
    endpoint.calls = &calls_;
    return endpoint;
  }
  // Calls of all endpoints, on the one worker of these tests.
  CallList& calls() { return calls_.For(0); }
  // After everything was added.
  void Compile() {
    for (const Endpoint& endpoint : endpoints_) {
      VirtualHosts& table = endpoint.kind == Kind::kWebSocket ? sockets_ : routes_;
      if (!table.Add(endpoint).ok()) std::abort();
    }
  }

  const Endpoint* FindMethod(std::string_view) const override { return &nowhere_; }
  RouteMatch FindRoute(const RequestHead& head, Arena& arena) const override {
    return ToMatch(routes_.Find(head.authority, head.method, head.path, arena));
  }
  RouteMatch FindWebSocket(const RequestHead& head, Arena& arena) const override {
    return ToMatch(sockets_.Find(head.authority, "GET", head.path, arena));
  }

 private:
  RouteMatch ToMatch(const RouteTable::Found& found) const {
    if (found.endpoint != nullptr) return {found.endpoint, found.params, {}};
    if (found.refusal == Reason::kMethodNotAllowed) return {&wrong_verb_, {}, found.allow};
    return {&nowhere_, {}, {}};
  }

  CallLists calls_{1};
  Chain chain_;
  LambdaHandler refuse_;
  LambdaHandler forbid_;
  Endpoint nowhere_;
  Endpoint wrong_verb_;
  std::deque<LambdaHandler> handlers_;
  std::deque<Endpoint> endpoints_;
  VirtualHosts routes_;
  VirtualHosts sockets_;
};

}  // namespace meshhost
