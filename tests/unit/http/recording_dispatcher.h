// SPDX-License-Identifier: Apache-2.0
//
// What runs on the streams of a session under test: records what it is told, and answers as the
// test says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/call/outcome.h"
#include "host/call/transport.h"

namespace meshhost {

// What one stream's sink saw. Outlives the stream.
struct StreamRecord {
  RequestHead head;
  std::map<std::string, std::string> fields;
  std::string method, path, query, authority, protocol;
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;
  bool ended = false;
  int writable = 0;
  bool closed = false;
  CloseCause cause = CloseCause::kLost;
  Transport* transport = nullptr;  // null once closed
  std::unique_ptr<Arena> arena;
};

// Records, and reacts as the test says.
class RecordingSink final : public StreamSink {
 public:
  RecordingSink(StreamRecord& record, const std::function<void(StreamRecord&)>& on_end,
                const bool& consume)
      : record_(record), on_end_(on_end), consume_(consume) {}
  void OnBody(const Slice& bytes) override {
    record_.body += ToView(bytes);
    if (consume_) record_.transport->Consume(bytes.n);
  }
  void OnBodyEnd(std::span<const Header> trailers) override {
    record_.ended = true;
    for (const Header& field : trailers) {
      record_.trailers.emplace_back(std::string(field.name), std::string(field.value));
    }
    if (on_end_) on_end_(record_);
  }
  void OnBodyRefused(const Outcome&) override {}
  void OnWritable() override {
    ++record_.writable;
    if (on_writable) on_writable(record_);
  }
  void OnClosed(CloseCause cause) override {
    record_.closed = true;
    record_.cause = cause;
    record_.transport = nullptr;
  }
  std::function<void(StreamRecord&)> on_writable;

 private:
  StreamRecord& record_;
  const std::function<void(StreamRecord&)>& on_end_;
  const bool& consume_;
};

// Answers what the session refused.
class RefusingSink final : public StreamSink {
 public:
  RefusingSink(Transport& transport, const Outcome& outcome) : transport_(transport) {
    transport.SendHead(
        outcome.http_status != 0 ? outcome.http_status : FactsOf(outcome.reason).http_status, {},
        0);
    transport.End({});
  }
  void OnBody(const Slice& bytes) override { transport_.Consume(bytes.n); }
  void OnBodyEnd(std::span<const Header>) override {}
  void OnBodyRefused(const Outcome&) override {}
  void OnWritable() override {}
  void OnClosed(CloseCause) override {}

 private:
  Transport& transport_;
};

class RecordingDispatcher final : public Dispatcher {
 public:
  StreamSink* Open(Transport& transport, Arena* arena, const RequestHead& head,
                   const PeerRef&) override {
    if (head.refusal != nullptr) {
      refused_arenas_.emplace_back(arena);
      refusals.push_back(std::make_unique<RefusingSink>(transport, *head.refusal));
      return refusals.back().get();
    }
    StreamRecord& record = *records.emplace_back(std::make_unique<StreamRecord>());
    record.arena.reset(arena);
    record.transport = &transport;
    record.head = head;
    record.method = head.method;
    record.path = head.path;
    record.query = head.query;
    record.authority = head.authority;
    record.protocol = head.connect_protocol;
    for (const Header& field : head.headers) {
      record.fields[std::string(field.name)] = std::string(field.value);
    }
    sinks.push_back(std::make_unique<RecordingSink>(record, on_end, consume));
    if (on_open) on_open(record);
    return sinks.back().get();
  }

  std::function<void(StreamRecord&)> on_open;
  std::function<void(StreamRecord&)> on_end;
  bool consume = true;
  std::vector<std::unique_ptr<StreamRecord>> records;
  std::vector<std::unique_ptr<RecordingSink>> sinks;
  std::vector<std::unique_ptr<RefusingSink>> refusals;

 private:
  std::vector<std::unique_ptr<Arena>> refused_arenas_;
};

}  // namespace meshhost
