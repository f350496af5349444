// SPDX-License-Identifier: Apache-2.0
//
// probe: handlers that throw, wait for ever, block, produce without end or read slowly, over gRPC,
// REST and WebSocket. The integration tests drive them and read what happened from its metrics:
//
//   probe_cancelled_total{why}    waits that ended because the call did (peer, deadline, drain,
//   limit) probe_waiting                 handlers inside Wait right now probe_produced_bytes_total
//   bytes that the host took from producers probe_consumed_bytes_total    bytes that sinks have
//   read
#include <meshhost/config.h>
#include <meshhost/exec.h>
#include <meshhost/grpc.h>
#include <meshhost/http.h>
#include <meshhost/inbox.h>
#include <meshhost/metrics.h>
#include <meshhost/module.h>
#include <meshhost/websocket.h>
#include <probe/v1/probe.pb.h>

#include <atomic>
#include <cctype>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using probe::v1::CallerReply;
using probe::v1::Chunk;
using probe::v1::Reply;
using std::chrono::milliseconds;

struct Config {
  std::chrono::milliseconds start_delay{0};
  std::chrono::milliseconds tick{0};  // 0: no periodic timer
  void Describe(auto& fields) {
    fields("start_delay", start_delay);
    fields("tick", tick);
  }
};

// A WebSocket session of callbacks: answers in capitals.
class Shout final : public mh::WebSocketSession {
 public:
  void OnOpen() override { SendText("HELLO"); }

  void OnMessage(std::string_view data, bool text) override {
    if (data == "throw") throw std::runtime_error("thrown on purpose in a callback");
    if (data == "close") return Close(mh::Status::Raw(4001, "as you wish"));
    std::string loud(data);
    for (char& c : loud) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    text ? SendText(loud) : SendBinary(loud);
  }
};

int64_t Number(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

int64_t Number(const mh::Request& request, std::string_view key) {
  const std::optional<std::string> text = request.Query(key);
  return text ? Number(*text) : 0;
}

class Probe final : public mh::Module {
 public:
  mh::Status Configure(const mh::Settings& settings) override {
    return mh::ReadConfig(settings, config_);
  }

  mh::Status Start() override {
    std::this_thread::sleep_for(config_.start_delay);
    if (config_.tick.count() == 0) return mh::Status();
    return ticker_.Start(host(), config_.tick, [this] { ticks_.Add(); });
  }

  void Drain(std::chrono::nanoseconds) override { ticker_.Cancel(); }

  void Register(mh::Registry& registry) override {
    DefineMetrics(registry);
    mh::GrpcDescriptors(registry, mh::descriptors());
    mh::GrpcService(registry, "probe.v1.Probe", this)
        .Method("Throw", &Probe::Throw)
        .Method("ThrowInStream", &Probe::ThrowInStream)
        .Method("Wait", &Probe::Wait)
        .Method("Block", &Probe::Block)
        .Method("Sleep", &Probe::Sleep)
        .Method("Produce", &Probe::Produce)
        .Method("Sink", &Probe::Sink)
        .Method("Caller", &Probe::Caller);
    mh::HttpRoutes(registry, this)
        .Get("/probe/throw", &Probe::HttpThrow)
        .Get("/probe/wait", &Probe::HttpWait)
        .Get("/probe/sleep", &Probe::HttpSleep)
        .Get("/probe/block", &Probe::HttpBlock)
        .Get("/probe/stall", &Probe::HttpStall, {.exec = mh::Exec::kInline})
        .Get("/probe/produce", &Probe::HttpProduce)
        .Post("/probe/sink", &Probe::HttpSink);
    mh::WebSocketRoutes(registry, this)
        .Route("/probe/produce", &Probe::WebSocketProduce)
        .Route("/probe/feed", &Probe::WebSocketFeed)
        .Route("/probe/shout", &Probe::MakeShout)
        .Route("/probe/throw", &Probe::WebSocketThrow);
  }

 private:
  void DefineMetrics(mh::Registry& registry) {
    cancelled_ =
        mh::Counter(registry, "probe_cancelled_total", "Waits ended by the call.", {"why"});
    waiting_ = mh::Gauge(registry, "probe_waiting", "Handlers inside Wait.").One();
    produced_ = mh::Counter(registry, "probe_produced_bytes_total", "Bytes taken.").One();
    consumed_ = mh::Counter(registry, "probe_consumed_bytes_total", "Bytes read.").One();
    ticks_ = mh::Counter(registry, "probe_ticks_total", "Runs of the timer.").One();
  }

  // --- gRPC ---

  mh::Status Throw(mh::Call&, const probe::v1::Request&, Reply&) {
    throw std::runtime_error("thrown on purpose");
  }

  mh::Task<mh::Status> ThrowInStream(mh::Call&, const probe::v1::Request& request,
                                     mh::Writer<Chunk>& out) {
    Chunk chunk;
    for (int64_t i = 0; i < request.messages(); i++) {
      if (!co_await out.Write(chunk)) break;
    }
    throw std::runtime_error("thrown on purpose in a stream");
  }

  mh::Task<mh::Status> Wait(mh::Call& call, const probe::v1::Request&, Reply&) {
    mh::Task<void> wait = UntilCancelled(call);
    co_await wait;
    co_return mh::Status();
  }

  mh::Status Block(mh::Call&, const probe::v1::Request& request, Reply&) {
    std::this_thread::sleep_for(milliseconds(request.milliseconds()));
    return mh::Status();
  }

  mh::Task<mh::Status> Sleep(mh::Call& call, const probe::v1::Request& request, Reply&) {
    mh::Clock clock(call);
    const milliseconds time(request.milliseconds());
    if (!co_await clock.Sleep(time)) CountCancelled(call);
    co_return mh::Status();
  }

  mh::Task<mh::Status> Produce(mh::Call& call, const probe::v1::Request& request,
                               mh::Writer<Chunk>& out) {
    Chunk chunk;
    chunk.set_data(std::string(static_cast<size_t>(request.bytes()), 'p'));
    for (int64_t i = 0; i < request.messages(); i++) {
      if (!co_await out.Write(chunk)) {
        CountCancelled(call);
        break;
      }
      produced_.Add(static_cast<double>(chunk.data().size()));
    }
    co_return mh::Status();
  }

  mh::Task<mh::Status> Sink(mh::Call& call, mh::Reader<Chunk>& in, Reply& reply) {
    const milliseconds pause(Number(call.Header("x-pause-ms").value_or("0")));
    mh::Clock clock(call);
    Chunk chunk;
    while (co_await in.Read(chunk)) {
      consumed_.Add(static_cast<double>(chunk.data().size()));
      reply.set_bytes(reply.bytes() + static_cast<int64_t>(chunk.data().size()));
      if (pause.count() == 0) continue;
      if (!co_await clock.Sleep(pause)) break;
    }
    if (call.cancelled() != 0) CountCancelled(call);
    co_return mh::Status();
  }

  mh::Status Caller(mh::Call& call, const probe::v1::Request&, CallerReply& reply) {
    const mh_peer& peer = call.peer();
    reply.set_identity(std::string(call.identity()));
    reply.set_address(std::string(mh::View(peer.address)));
    reply.set_tls_version(std::string(mh::View(peer.tls_version)));
    reply.set_subject(std::string(mh::View(peer.subject)));
    reply.set_spiffe_id(std::string(mh::View(peer.spiffe_id)));
    reply.set_verified(peer.verified != 0);
    for (size_t i = 0; i < peer.n_sans; i++) reply.add_sans(std::string(mh::View(peer.sans[i])));
    if (const auto left = call.Remaining()) {
      reply.set_remaining_ms(std::chrono::duration_cast<milliseconds>(*left).count());
    }
    return mh::Status();
  }

  // --- REST ---

  mh::Status HttpThrow(const mh::Request&, mh::Response&) {
    throw std::runtime_error("thrown on purpose");
  }

  mh::Task<mh::Status> HttpWait(const mh::Request& request, mh::Response&) {
    mh::Task<void> wait = UntilCancelled(request.call());
    co_await wait;
    co_return mh::Status();
  }

  mh::Task<mh::Status> HttpSleep(const mh::Request& request, mh::Response& response) {
    mh::Clock clock(request.call());
    const milliseconds time(Number(request, "ms"));
    if (!co_await clock.Sleep(time)) CountCancelled(request.call());
    co_return response.SendText("slept");
  }

  mh::Status HttpBlock(const mh::Request& request, mh::Response& response) {
    std::this_thread::sleep_for(milliseconds(Number(request, "ms")));
    return response.SendText("blocked");
  }

  // Runs on the worker, which it must not block.
  mh::Status HttpStall(const mh::Request& request, mh::Response& response) {
    std::this_thread::sleep_for(milliseconds(Number(request, "ms")));
    return response.SendText("stalled");
  }

  mh::Task<mh::Status> HttpProduce(const mh::Request& request, mh::ResponseWriter& out) {
    const std::string piece(static_cast<size_t>(Number(request, "bytes")), 'p');
    out.Start(200, "application/octet-stream");
    for (int64_t i = Number(request, "messages"); i > 0; i--) {
      if (!co_await out.Write(piece)) {
        CountCancelled(request.call());
        break;
      }
      produced_.Add(static_cast<double>(piece.size()));
    }
    co_return mh::Status();
  }

  mh::Task<mh::Status> HttpSink(const mh::Request& request, mh::Reader<std::string>& body,
                                mh::Response& response) {
    const milliseconds pause(Number(request, "pause_ms"));
    mh::Clock clock(request.call());
    std::string piece;
    size_t total = 0;
    while (co_await body.Read(piece)) {
      total += piece.size();
      consumed_.Add(static_cast<double>(piece.size()));
      if (pause.count() == 0) continue;
      if (!co_await clock.Sleep(pause)) break;
    }
    if (request.call().cancelled() != 0) CountCancelled(request.call());
    co_return response.SendText(std::to_string(total));
  }

  // --- WebSocket ---

  mh::Task<mh::Status> WebSocketProduce(mh::Call& call, mh::WebSocket& socket) {
    const mh::Request request(call, mh::MessageView(nullptr));
    const std::string message(static_cast<size_t>(Number(request, "bytes")), 'p');
    socket.IgnoreMessages();
    for (int64_t i = Number(request, "messages"); i > 0; i--) {
      if (!co_await socket.SendText(message)) {
        CountCancelled(call);
        break;
      }
      produced_.Add(static_cast<double>(message.size()));
    }
    co_return mh::Status();
  }

  // Messages from a thread of the module's own, through an inbox.
  mh::Task<mh::Status> WebSocketFeed(mh::Call& call, mh::WebSocket& socket) {
    const mh::Request request(call, mh::MessageView(nullptr));
    const int64_t messages = Number(request, "messages");
    mh::Inbox<std::string> inbox(call, 16);
    mh::Thread producer;
    std::atomic<bool> stop{false};
    const mh::Status started = producer.Start(host(), "feed", [&] {
      for (int64_t i = 0; i < messages && !stop;) {
        if (inbox.TryPush(std::to_string(i))) {
          i++;
        } else {
          std::this_thread::yield();
        }
      }
    });
    if (!started.ok()) co_return started;
    int64_t sent = 0;
    while (sent < messages) {
      if (!co_await inbox.Wait()) break;
      while (const std::optional<std::string> text = inbox.Pop()) {
        if (!co_await socket.SendText(*text)) break;
        sent++;
      }
    }
    stop = true;
    co_return mh::Status();
  }

  std::unique_ptr<mh::WebSocketSession> MakeShout() { return std::make_unique<Shout>(); }

  mh::Task<mh::Status> WebSocketThrow(mh::Call&, mh::WebSocket& socket) {
    mh::WebSocketMessage message;
    co_await socket.Read(message);
    throw std::runtime_error("thrown on purpose in a WebSocket");
  }

  // --- shared ---

  mh::Task<void> UntilCancelled(mh::Call& call) {
    waiting_.Add(1);
    mh::Clock clock(call);
    while (co_await clock.Sleep(std::chrono::hours(1))) {
    }
    waiting_.Add(-1);
    CountCancelled(call);
  }

  void CountCancelled(const mh::Call& call) {
    static constexpr const char* kWhy[] = {"none", "peer", "deadline", "drain", "limit"};
    const uint32_t why = call.cancelled();
    cancelled_.With({why < 5 ? kWhy[why] : "other"}).Add();
  }

  Config config_;
  mh::Counter cancelled_;
  mh::Series waiting_;
  mh::Series produced_;
  mh::Series consumed_;
  mh::Series ticks_;
  mh::PeriodicTimer ticker_;
};

}  // namespace

MESHHOST_MODULE(Probe, "probe", "1.0.0", "mh.grpc/1 mh.http/1 mh.ws/1 mh.exec/1 mh.metrics/1");
