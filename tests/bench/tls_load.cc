// SPDX-License-Identifier: Apache-2.0
//
// The TLS load: CLIENTS clients that each connect, handshake, GET once and close, over and over,
// for SECONDS. With "resumed" every visit but a client's first must resume a session; an answer
// that does not is an error. Prints one line of JSON; exit code 1 on any error.
//
//   tls_load PORT REQUEST_PATH full|resumed 1.2|1.3 CLIENTS SECONDS

#include <openssl/ssl.h>
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

#include "tests/bench/tls_client.h"

namespace meshhost::bench {
namespace {

uint64_t NowUs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

using ContextPointer = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

ContextPointer ClientContext(int version) {
  ContextPointer context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), TlsClient::KeepSession);
  // The same key exchange and HTTP/1.1 for every server, so that each does the same arithmetic;
  // P-256 is there for the certificate, which TLS 1.2 ties to this list.
  SSL_CTX_set1_groups_list(context.get(), "X25519:P-256");
  static constexpr std::array<unsigned char, 9> kHttp1 = {8,   'h', 't', 't', 'p',
                                                          '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp1.data(), kHttp1.size());
  return context;
}

double Run(const TlsClient::Settings& settings, int count, uint64_t seconds, VisitTotals& totals) {
  std::vector<std::unique_ptr<TlsClient>> clients;
  const uint64_t begin = NowUs();
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<TlsClient>(settings, totals, static_cast<uint32_t>(i)));
    clients.back()->Start(begin);
  }
  const uint64_t end = begin + seconds * 1'000'000;
  std::array<epoll_event, 64> events;
  for (uint64_t now = begin; now < end; now = NowUs()) {
    const int ready = ::epoll_wait(settings.epoll, events.data(), static_cast<int>(events.size()),
                                   static_cast<int>((end - now) / 1000 + 1));
    for (int i = 0; i < ready; ++i) static_cast<TlsClient*>(events[i].data.ptr)->Advance(NowUs());
  }
  return static_cast<double>(NowUs() - begin) / 1e6;
}

}  // namespace
}  // namespace meshhost::bench

int main(int argc, char** argv) {
  using namespace meshhost::bench;
  if (argc != 7) {
    std::fprintf(stderr, "usage: %s PORT REQUEST_PATH full|resumed 1.2|1.3 CLIENTS SECONDS\n",
                 argv[0]);
    return 64;
  }
  const int version = std::string_view(argv[4]) == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
  const ContextPointer context = ClientContext(version);
  TlsClient::Settings settings;
  settings.port = static_cast<uint16_t>(std::atoi(argv[1]));
  settings.request = std::string("GET ") + argv[2] + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  settings.resume = std::string_view(argv[3]) == "resumed";
  settings.context = context.get();
  settings.epoll = ::epoll_create1(EPOLL_CLOEXEC);
  VisitTotals totals;
  const double seconds =
      Run(settings, std::atoi(argv[5]), static_cast<uint64_t>(std::atoi(argv[6])), totals);
  ::close(settings.epoll);
  std::printf(
      "{\"count\": %lu, \"resumed\": %lu, \"seconds\": %.6f, \"p50_us\": %lu, "
      "\"p99_us\": %lu, \"errors\": %lu, \"first_error\": \"%s\"}\n",
      totals.visits, totals.resumed, seconds, totals.latencies.Percentile(0.5),
      totals.latencies.Percentile(0.99), totals.errors, totals.first_error.c_str());
  return totals.errors == 0 ? 0 : 1;
}
