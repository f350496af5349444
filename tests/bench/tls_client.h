// SPDX-License-Identifier: Apache-2.0
//
// One visit of the TLS load, again and again: connect, handshake (full, or resumed from the last
// visit's session), one GET answered in full, close. The GET proves that the handshake is complete
// on both sides, and brings TLS 1.3 session tickets in; it is the same work for every server.

#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "tests/bench/latency_histogram.h"

namespace meshhost::bench {

// What a run counted, over all clients.
struct VisitTotals {
  uint64_t visits = 0;
  uint64_t resumed = 0;
  uint64_t errors = 0;
  std::string first_error;
  LatencyHistogram latencies;
};

// Owned by the loader, registered in its epoll set; lives on its one thread.
//
//   Start -> kConnect -> kHandshake -> kSend -> kReceive -> closed, counted, Start
class TlsClient final {
 public:
  struct Settings {
    uint16_t port = 0;
    std::string request;
    bool resume = false;
    SSL_CTX* context = nullptr;
    int epoll = -1;
  };

  TlsClient(const Settings& settings, VisitTotals& totals, uint32_t number);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  void Start(uint64_t now_us);
  void Advance(uint64_t now_us);

  // Called by OpenSSL when a server hands out a session; always the newest is kept.
  static int KeepSession(SSL* ssl, SSL_SESSION* session);

 private:
  enum class State { kConnect, kHandshake, kSend, kReceive };
  enum class Step { kNext, kWait, kFailed };

  Step Handshake();
  Step Send();
  Step Receive();
  Step WaitOrFail(int result, const char* what);
  Step FailStep(const char* what);
  bool Connect();
  bool ReplyComplete() const;
  void Complete(uint64_t now_us);
  void Close();

  const Settings& settings_;
  VisitTotals& totals_;
  uint32_t source_address_;
  int socket_ = -1;
  SSL* ssl_ = nullptr;
  SSL_SESSION* session_ = nullptr;
  State state_ = State::kConnect;
  uint64_t begun_at_us_ = 0;
  std::string reply_;
};

}  // namespace meshhost::bench
