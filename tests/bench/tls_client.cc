// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/tls_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace meshhost::bench {
namespace {

// The client closes first and so keeps the port in TIME_WAIT for a minute: one source address has
// 28,000 ports, thousands of visits a second need many addresses of 127.0.0.0/8.
constexpr uint32_t kSourceAddresses = 4000;
constexpr uint32_t kFirstSourceAddress = 0x7f010001;

sockaddr_in Ipv4(uint32_t address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(address);
  return result;
}

}  // namespace

TlsClient::TlsClient(const Settings& settings, VisitTotals& totals, uint32_t number)
    : settings_(settings), totals_(totals), source_address_(number * 131) {}

TlsClient::~TlsClient() {
  Close();
  SSL_SESSION_free(session_);
}

int TlsClient::KeepSession(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsClient*>(SSL_get_app_data(ssl));
  SSL_SESSION_free(self->session_);
  self->session_ = session;
  return 1;
}

void TlsClient::Start(uint64_t now_us) {
  begun_at_us_ = now_us;
  reply_.clear();
  state_ = State::kConnect;
  // No retry here: a client that cannot even open a socket stays out, and the run has its error.
  if (!Connect()) FailStep(std::strerror(errno));
}

bool TlsClient::Connect() {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0) return false;
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  source_address_ = (source_address_ + 1) % kSourceAddresses;
  const sockaddr_in from = Ipv4(kFirstSourceAddress + source_address_, 0);
  const sockaddr_in to = Ipv4(INADDR_LOOPBACK, settings_.port);
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) return false;
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
      errno != EINPROGRESS) {
    return false;
  }
  ssl_ = SSL_new(settings_.context);
  SSL_set_app_data(ssl_, this);
  SSL_set_fd(ssl_, socket_);
  SSL_set_connect_state(ssl_);
  SSL_set_tlsext_host_name(ssl_, "localhost");
  if (settings_.resume && session_ != nullptr) SSL_set_session(ssl_, session_);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.ptr = this;
  return ::epoll_ctl(settings_.epoll, EPOLL_CTL_ADD, socket_, &event) == 0;
}

void TlsClient::Advance(uint64_t now_us) {
  if (ssl_ == nullptr) return Start(now_us);
  Step step = Step::kNext;
  while (step == Step::kNext) {
    switch (state_) {
      case State::kConnect:
      case State::kHandshake:
        step = Handshake();
        break;
      case State::kSend:
        step = Send();
        break;
      case State::kReceive:
        step = Receive();
        if (step == Step::kNext) return Complete(now_us);
    }
  }
  if (step == Step::kFailed) {
    Close();
    Start(now_us);
  }
}

void TlsClient::Complete(uint64_t now_us) {
  ++totals_.visits;
  totals_.latencies.Record(now_us - begun_at_us_);
  Close();
  Start(now_us);
}

TlsClient::Step TlsClient::Handshake() {
  const bool offered = settings_.resume && session_ != nullptr;
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) return WaitOrFail(result, "handshake");
  if (SSL_session_reused(ssl_) == 1) ++totals_.resumed;
  if (offered && SSL_session_reused(ssl_) == 0) return FailStep("the session was not resumed");
  state_ = State::kSend;
  return Step::kNext;
}

TlsClient::Step TlsClient::Send() {
  const int length = static_cast<int>(settings_.request.size());
  const int result = SSL_write(ssl_, settings_.request.data(), length);
  if (result <= 0) return WaitOrFail(result, "send");
  state_ = State::kReceive;
  return Step::kNext;
}

TlsClient::Step TlsClient::Receive() {
  std::array<char, 4096> buffer;
  while (!ReplyComplete()) {
    const int result = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
    if (result <= 0) return WaitOrFail(result, "receive");
    reply_.append(buffer.data(), static_cast<size_t>(result));
  }
  return reply_.compare(9, 3, "200") == 0 ? Step::kNext : FailStep("the answer is not 200");
}

bool TlsClient::ReplyComplete() const {
  const size_t end = reply_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  for (const char* name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    const size_t at = reply_.find(name);
    if (at == std::string::npos) continue;
    const size_t length = std::strtoul(reply_.c_str() + at + std::strlen(name), nullptr, 10);
    return reply_.size() >= end + 4 + length;
  }
  return false;
}

TlsClient::Step TlsClient::WaitOrFail(int result, const char* what) {
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Step::kWait;
  ERR_clear_error();
  return FailStep(what);
}

TlsClient::Step TlsClient::FailStep(const char* what) {
  ++totals_.errors;
  if (totals_.first_error.empty()) totals_.first_error = what;
  return Step::kFailed;
}

void TlsClient::Close() {
  if (ssl_ != nullptr) {
    SSL_shutdown(ssl_);
    SSL_free(ssl_);
    ssl_ = nullptr;
  }
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

}  // namespace meshhost::bench
