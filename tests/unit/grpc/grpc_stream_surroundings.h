// SPDX-License-Identifier: Apache-2.0
//
// What surrounds a GrpcStream in its tests: a loop without threads, a transport that records, and
// handlers made of lambdas.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/call/call_list.h"
#include "host/call/chain.h"
#include "host/call/endpoint.h"
#include "host/call/exchange.h"
#include "host/call/handler.h"
#include "host/call/loop.h"
#include "host/call/transport.h"

namespace meshhost {

constexpr uint64_t kStartNs = 1'000'000'000;

class StillLoop final : public Loop {
 public:
  void Post(Task&) override {}
  bool IsCurrent() const override { return true; }
  void AtTurnEnd(Task&) override {}
  TimerWheel& timers() override { return wheel_; }
  ArenaPool& arenas() override { return arenas_; }
  uint64_t now_ns() const override { return kStartNs; }
  uint32_t index() const override { return 0; }

 private:
  TimerWheel wheel_{kStartNs};
  ArenaPool arenas_;
};

std::string TextOf(const Message& message) {
  std::string text;
  for (uint32_t i = 0; i < message.n; ++i) text += ToView(message.v[i]);
  return text;
}

std::string Framed(std::string_view payload, bool compressed = false) {
  std::string frame(1, compressed ? '\1' : '\0');
  for (int shift : {24, 16, 8, 0}) frame += static_cast<char>(payload.size() >> shift);
  return frame.append(payload);
}

class RecordingTransport final : public Transport {
 public:
  void SendHead(int code, std::span<const Header> headers, int64_t) override {
    status = code;
    for (const Header& field : headers) head[std::string(field.name)] = field.value;
  }
  void SendBody(std::span<const Slice> pieces) override {
    ++writes;
    for (const Slice& piece : pieces) body += ToView(piece);
  }
  void End(std::span<const Header> fields) override {
    ended = true;
    for (const Header& field : fields) trailers[std::string(field.name)] = field.value;
  }
  void Reset(ResetReason) override { reset = true; }
  void Consume(size_t n) override { consumed += n; }
  size_t unsent_bytes() const override { return unsent; }
  size_t high_mark() const override { return 1000; }
  bool draining() const override { return false; }

  // grpc-status, wherever it was sent.
  std::string code() const {
    if (trailers.contains("grpc-status")) return trailers.at("grpc-status");
    return head.contains("grpc-status") ? head.at("grpc-status") : "none";
  }

  int status = 0;
  std::map<std::string, std::string> head;
  std::map<std::string, std::string> trailers;
  std::string body;
  int writes = 0;
  bool ended = false;
  bool reset = false;
  size_t consumed = 0;
  size_t unsent = 0;
};

class LambdaHandler final : public Handler {
 public:
  std::function<void(Exchange&, const Message*)> on_call;
  void OnCall(Exchange& exchange, const Message* first) override { on_call(exchange, first); }
};

class RecordingReceiver final : public Receiver {
 public:
  void OnMessage(const Message& message) override {
    messages.push_back(TextOf(message));
    owned.push_back(message.v[0].owner != nullptr);
    if (on_message) on_message();
  }
  void OnHalfClose() override { half_closed = true; }
  void OnWritable() override { ++writable; }
  void OnCancel(CancelReason reason) override { cancels.push_back(reason); }
  void OnEnd(const Final& facts) override {
    ended = true;
    final = facts;
  }

  std::vector<std::string> messages;
  std::vector<bool> owned;
  std::vector<CancelReason> cancels;
  std::function<void()> on_message;
  int writable = 0;
  bool half_closed = false;
  bool ended = false;
  Final final;
};

class RejectAll final : public PayloadCheck {
 public:
  bool Accepts(const Message&) const override { return false; }
};

class OneMethod final : public Directory {
 public:
  const Endpoint* FindMethod(std::string_view path) const override {
    EXPECT_EQ(path, "/pkg.Service/Method");
    return endpoint;
  }
  RouteMatch FindRoute(const RequestHead&, Arena&) const override { return {}; }
  RouteMatch FindWebSocket(const RequestHead&, Arena&) const override { return {}; }
  Endpoint* endpoint = nullptr;
};

}  // namespace meshhost
