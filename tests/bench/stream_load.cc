// SPDX-License-Identifier: Apache-2.0
//
// The bidi load: CONNECTIONS x STREAMS streams, each with WINDOW messages outstanding, for SECONDS;
// then every stream is half-closed and must end with grpc-status 0 and all of its echoes. Prints
// one line of JSON: messages echoed within the time, latencies, errors. Exit code 1 on any error.
//
//   stream_load PORT PATH CONNECTIONS STREAMS WINDOW SECONDS

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/echo_connection.h"

namespace meshhost::bench {
namespace {

constexpr uint64_t kFinishWithinUs = 10'000'000;

uint64_t NowUs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

// An echo.v1.EchoRequest of 13 bytes behind gRPC's five: a server that validates must accept it.
std::string FramedMessage() {
  static constexpr std::string_view kPayload = "\x0a\x0bHello World";
  std::string message = {0, 0, 0, 0, static_cast<char>(kPayload.size())};
  return message.append(kPayload);
}

// The event loop over all connections; lives in main.
class StreamLoad final {
 public:
  StreamLoad(const EchoConnection::Settings& settings, int connections)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (int i = 0; i < connections; ++i) {
      connections_.push_back(std::make_unique<EchoConnection>(settings, totals_));
      epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT | EPOLLET;
      event.data.ptr = connections_.back().get();
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back()->socket(), &event);
    }
  }
  ~StreamLoad() { ::close(epoll_); }
  StreamLoad(const StreamLoad&) = delete;
  StreamLoad& operator=(const StreamLoad&) = delete;

  double Run(uint64_t seconds) {
    const uint64_t begin = NowUs();
    for (auto& connection : connections_) connection->Advance(begin);
    RunUntil(begin + seconds * 1'000'000);
    const double elapsed = static_cast<double>(NowUs() - begin) / 1e6;
    for (auto& connection : connections_) connection->StopSending(NowUs());
    RunUntil(NowUs() + kFinishWithinUs);
    for (auto& connection : connections_) CountUnfinished(*connection);
    return elapsed;
  }

  const EchoTotals& totals() const { return totals_; }

 private:
  void RunUntil(uint64_t end_us) {
    std::array<epoll_event, 64> events;
    for (uint64_t now = NowUs(); now < end_us && !AllFinished(); now = NowUs()) {
      const int timeout_ms = static_cast<int>((end_us - now) / 1000 + 1);
      const int ready =
          ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
      const uint64_t woken = NowUs();
      for (int i = 0; i < ready; ++i) {
        static_cast<EchoConnection*>(events[i].data.ptr)->Advance(woken);
      }
    }
  }

  bool AllFinished() const {
    for (const auto& connection : connections_) {
      if (!connection->finished()) return false;
    }
    return true;
  }

  void CountUnfinished(const EchoConnection& connection) {
    if (connection.finished()) return;
    ++totals_.errors;
    if (totals_.first_error.empty()) totals_.first_error = "streams did not end in time";
  }

  int epoll_;
  EchoTotals totals_;
  std::vector<std::unique_ptr<EchoConnection>> connections_;
};

}  // namespace
}  // namespace meshhost::bench

int main(int argc, char** argv) {
  using meshhost::bench::EchoConnection;
  if (argc != 7) {
    std::fprintf(stderr, "usage: %s PORT PATH CONNECTIONS STREAMS WINDOW SECONDS\n", argv[0]);
    return 64;
  }
  EchoConnection::Settings settings;
  settings.port = static_cast<uint16_t>(std::atoi(argv[1]));
  settings.path = argv[2];
  settings.streams = std::atoi(argv[4]);
  settings.window = std::atoi(argv[5]);
  settings.message = meshhost::bench::FramedMessage();
  meshhost::bench::StreamLoad load(settings, std::atoi(argv[3]));
  const double seconds = load.Run(static_cast<uint64_t>(std::atoi(argv[6])));
  const auto& totals = load.totals();
  std::printf(
      "{\"count\": %lu, \"seconds\": %.6f, \"p50_us\": %lu, \"p99_us\": %lu, "
      "\"errors\": %lu, \"first_error\": \"%s\"}\n",
      totals.messages, seconds, totals.latencies.Percentile(0.5), totals.latencies.Percentile(0.99),
      totals.errors, totals.first_error.c_str());
  return totals.errors == 0 ? 0 : 1;
}
