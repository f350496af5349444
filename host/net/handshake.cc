// SPDX-License-Identifier: Apache-2.0
#include "host/net/handshake.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <utility>

#include "host/net/socket_channel.h"
#include "host/net/tls_peer.h"

namespace meshhost {
namespace {

HandshakeFailure FromVerifyResult(long result) {
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return HandshakeFailure::kExpired;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_CERT_REJECTED:
      return HandshakeFailure::kWrongPurpose;
    case X509_V_ERR_CERT_REVOKED:
      return HandshakeFailure::kRevoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
      return HandshakeFailure::kNoCrl;
    default:
      return HandshakeFailure::kUntrusted;
  }
}

HandshakeFailure Classify(SSL* ssl, int ssl_error, unsigned long code) {
  if (ssl_error == SSL_ERROR_SYSCALL || code == 0) return HandshakeFailure::kClosed;
  const int reason = ERR_GET_REASON(code);
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return HandshakeFailure::kNoCertificate;
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return FromVerifyResult(SSL_get_verify_result(ssl));
  }
  return reason >= SSL_AD_REASON_OFFSET ? HandshakeFailure::kClosed : HandshakeFailure::kProtocol;
}

std::string Detail(SSL* ssl, unsigned long code) {
  if (code == 0) return "connection closed";
  const char* reason = ERR_reason_error_string(code);
  std::string detail = reason == nullptr ? "unknown reason" : reason;
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    detail.append(": ").append(X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
  }
  return detail;
}

std::function<void()> ReleaseOnClose(std::unique_ptr<ConnectionSlot> slot) {
  // std::function wants a copyable target.
  return [shared = std::shared_ptr<ConnectionSlot>(std::move(slot))]() mutable { shared.reset(); };
}

// Owns itself: deleted when it is done, has failed, or its poller goes.
class Handshake final : private SocketWaiter {
 public:
  Handshake(Worker& worker, ConnectionSink& sink, std::shared_ptr<const AcceptorSettings> settings,
            std::unique_ptr<PolledSocket> socket, SSL* ssl, boost::intrusive_ptr<Peer> peer,
            std::unique_ptr<ConnectionSlot> slot)
      : worker_(worker),
        sink_(sink),
        settings_(std::move(settings)),
        socket_(std::move(socket)),
        ssl_(ssl),
        peer_(std::move(peer)),
        slot_(std::move(slot)),
        timer_([](void* self) { static_cast<Handshake*>(self)->OnTimeout(); }, this) {}

  void Run() {
    if (settings_->handshake_timeout_ns != 0) {
      worker_.timers().Arm(timer_, worker_.now_ns() + settings_->handshake_timeout_ns);
    }
    Step();
  }

 private:
  ~Handshake() {
    if (ssl_ != nullptr) SSL_free(ssl_);
  }

  void OnTimeout() { Fail(HandshakeFailure::kTimeout, "not finished in time"); }

  void Step() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) return Done();
    const int error = SSL_get_error(ssl_, result);
    if (error == SSL_ERROR_WANT_READ) {
      socket_->ReadBlocked();
      return socket_->AwaitReadable(*this);
    }
    if (error == SSL_ERROR_WANT_WRITE) {
      socket_->WriteBlocked();
      return socket_->AwaitWritable(*this);
    }
    const unsigned long code = ERR_peek_last_error();
    Fail(Classify(ssl_, error, code), Detail(ssl_, code));
  }

  void OnSocketReadable() override {
    worker_.BeginEvent();
    Step();
  }
  void OnSocketWritable() override { OnSocketReadable(); }
  void OnPollerGone() override { delete this; }

  void Done() {
    Bump(worker_.stats().handshakes);
    if (SSL_session_reused(ssl_) == 1) Bump(worker_.stats().handshakes_resumed);
    DescribePeer(ssl_, *peer_);
    const unsigned char* protocol = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(ssl_, &protocol, &length);
    std::string alpn(reinterpret_cast<const char*>(protocol), length);
    ChannelRef channel(new SocketChannel(worker_, std::move(socket_), std::exchange(ssl_, nullptr),
                                         peer_, std::move(alpn), ReleaseOnClose(std::move(slot_))));
    sink_.OnConnection(std::move(channel), settings_->protocols);
    delete this;
  }

  void Fail(HandshakeFailure failure, const std::string& detail) {
    Bump(worker_.stats().handshake_failures[static_cast<size_t>(failure)]);
    ERR_clear_error();
    if (settings_->on_handshake_failure) {
      settings_->on_handshake_failure(settings_->listener, peer_->address, failure, detail);
    }
    delete this;
  }

  Worker& worker_;
  ConnectionSink& sink_;
  std::shared_ptr<const AcceptorSettings> settings_;
  std::unique_ptr<PolledSocket> socket_;
  SSL* ssl_;
  boost::intrusive_ptr<Peer> peer_;
  std::unique_ptr<ConnectionSlot> slot_;
  Timer timer_;
};

}  // namespace

std::unique_ptr<ConnectionSlot> ConnectionSlot::Take(
    Worker& worker, std::shared_ptr<const AcceptorSettings> settings, std::string host_of_peer) {
  if (!settings->host_admission->Enter(host_of_peer)) return nullptr;
  if (!settings->listener_admission->Enter({})) {
    settings->host_admission->Leave(host_of_peer);
    return nullptr;
  }
  return std::unique_ptr<ConnectionSlot>(
      new ConnectionSlot(worker, std::move(settings), std::move(host_of_peer)));
}

ConnectionSlot::ConnectionSlot(Worker& worker, std::shared_ptr<const AcceptorSettings> settings,
                               std::string host_of_peer)
    : worker_(worker), settings_(std::move(settings)), host_of_peer_(std::move(host_of_peer)) {
  Bump(worker_.stats().active);
}

ConnectionSlot::~ConnectionSlot() {
  Bump(worker_.stats().active, -1);
  settings_->listener_admission->Leave({});
  settings_->host_admission->Leave(host_of_peer_);
}

void StartHandshake(Worker& worker, ConnectionSink& sink,
                    std::shared_ptr<const AcceptorSettings> settings, UniqueFd socket,
                    boost::intrusive_ptr<Peer> peer, std::unique_ptr<ConnectionSlot> slot) {
  auto polled = std::make_unique<PolledSocket>(worker.sockets(), std::move(socket));
  SSL* ssl = settings->tls->NewSession(polled->fd());
  if (ssl == nullptr) {
    Bump(worker.stats().shed_descriptors);
    ERR_clear_error();
    return;
  }
  auto* handshake = new Handshake(worker, sink, std::move(settings), std::move(polled), ssl,
                                  std::move(peer), std::move(slot));
  handshake->Run();
}

void StartPlaintext(Worker& worker, ConnectionSink& sink, const AcceptorSettings& settings,
                    UniqueFd socket, boost::intrusive_ptr<Peer> peer,
                    std::unique_ptr<ConnectionSlot> slot) {
  auto polled = std::make_unique<PolledSocket>(worker.sockets(), std::move(socket));
  ChannelRef channel(new SocketChannel(worker, std::move(polled), nullptr, std::move(peer), "",
                                       ReleaseOnClose(std::move(slot))));
  sink.OnConnection(std::move(channel), settings.protocols);
}

}  // namespace meshhost
