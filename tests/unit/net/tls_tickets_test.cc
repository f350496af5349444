// SPDX-License-Identifier: Apache-2.0
//
// S75: what becomes of session tickets when certificates, authorities or revocation lists change.
// A client takes part in memory, in TLS 1.2 and 1.3: it gets a ticket, something changes, it comes
// back with the ticket.
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <array>
#include <chrono>
#include <ctime>
#include <thread>

#include "host/net/tls_context.h"
#include "issued_certificates.h"

namespace meshhost {
namespace {

using SessionPtr = std::unique_ptr<SSL_SESSION, OpenSslDeleter<SSL_SESSION_free>>;

// How one connection ended.
struct Outcome {
  bool served = false;
  bool resumed = false;
  long verified = X509_V_OK;  // what the server thought of the client
  SessionPtr ticket;
};

class TlsTicketsTest : public testing::TestWithParam<int> {
 protected:
  TlsTicketsTest() {
    UseLeaf();
    config_.client_auth = TlsConfig::ClientAuth::kRequire;
    config_.client_ca = {files_.Write("ca.crt", root_.pem())};
  }

  void UseLeaf() {
    const Issued leaf = Issue({.name = "server", .san = "DNS:a.example"}, &root_);
    config_.certificate = files_.Write("server.crt", leaf.pem());
    config_.key = files_.Write("server.key", leaf.key_pem());
  }
  std::shared_ptr<const TlsContext> Create() const {
    auto tls = TlsContext::Create(config_, ProtocolSet());
    EXPECT_TRUE(tls.ok()) << tls.status();
    return tls.ok() ? *tls : nullptr;
  }

  static SslPtr Client(SSL_SESSION* ticket, int version, const Issued& who) {
    const SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_use_cert_and_key(context.get(), who.certificate.get(), who.key.get(), nullptr, 1);
    SslPtr client(SSL_new(context.get()));
    SSL_set_connect_state(client.get());
    if (ticket != nullptr) SSL_set_session(client.get(), ticket);
    return client;
  }

  // Handshake, then one byte each way: with it TLS 1.3 brings the ticket, or the refusal.
  static Outcome Connect(const TlsContext& tls, SSL_SESSION* ticket, int version,
                         const Issued& who) {
    const SslPtr client = Client(ticket, version, who);
    const SslPtr server = tls.NewSession();
    BIO* left = nullptr;
    BIO* right = nullptr;
    EXPECT_EQ(BIO_new_bio_pair(&left, 0, &right, 0), 1);
    SSL_set_bio(client.get(), left, left);
    SSL_set_bio(server.get(), right, right);
    for (int round = 0; round < 10; ++round) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    std::array<char, 1> byte{'x'};
    Outcome outcome;
    outcome.served = SSL_write(server.get(), byte.data(), 1) == 1 &&
                     SSL_read(client.get(), byte.data(), 1) == 1 &&
                     SSL_write(client.get(), byte.data(), 1) == 1 &&
                     SSL_read(server.get(), byte.data(), 1) == 1;
    outcome.resumed = SSL_session_reused(server.get()) == 1;
    outcome.verified = SSL_get_verify_result(server.get());
    outcome.ticket.reset(SSL_get1_session(client.get()));
    // Unclean ends would make the session unusable.
    SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    ERR_clear_error();
    return outcome;
  }

  Outcome Connect(const TlsContext& tls, SSL_SESSION* ticket) const {
    return Connect(tls, ticket, GetParam(), client_);
  }

  static void AwaitTime(int64_t unix_time) {
    while (std::time(nullptr) <= unix_time) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  CertificateFolder files_;
  Issued root_ = Issue({.name = "root", .authority = true}, nullptr);
  Issued client_ = Issue({.name = "client", .usage = "clientAuth"}, &root_);
  TlsConfig config_;
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsTicketsTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& info) {
                           return info.param == TLS1_3_VERSION ? "Tls13" : "Tls12";
                         });

TEST_P(TlsTicketsTest, WithoutAChangeTheSessionIsResumed) {
  const auto tls = Create();
  const Outcome first = Connect(*tls, nullptr);
  EXPECT_TRUE(first.served);
  EXPECT_FALSE(first.resumed);
  const Outcome second = Connect(*tls, first.ticket.get());
  EXPECT_TRUE(second.served);
  EXPECT_TRUE(second.resumed);
}

TEST_P(TlsTicketsTest, S75_AfterARotationAnOldTicketGetsAFullHandshake) {
  const Outcome first = Connect(*Create(), nullptr);
  UseLeaf();
  const auto next = Create();
  const Outcome second = Connect(*next, first.ticket.get());
  EXPECT_TRUE(second.served);
  EXPECT_FALSE(second.resumed);
  EXPECT_TRUE(Connect(*next, second.ticket.get()).resumed);
}

TEST_P(TlsTicketsTest, S75_AnOldTicketDoesNotCarryARevokedClient) {
  const Outcome first = Connect(*Create(), nullptr);
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_, {.revoked = {&client_}}))};
  const Outcome second = Connect(*Create(), first.ticket.get());
  EXPECT_FALSE(second.served);
  EXPECT_FALSE(second.resumed);
  EXPECT_EQ(second.verified, X509_V_ERR_CERT_REVOKED);
}

TEST_P(TlsTicketsTest, S75_AnOldTicketDoesNotCarryAClientOfAnAuthorityThatIsGone) {
  const Outcome first = Connect(*Create(), nullptr);
  files_.Write("ca.crt", Issue({.name = "root", .authority = true}, nullptr).pem());
  const Outcome second = Connect(*Create(), first.ticket.get());
  EXPECT_FALSE(second.served);
  EXPECT_FALSE(second.resumed);
}

TEST_P(TlsTicketsTest, S75_ClientsOfOldAndNewAuthorityAreServedWhileBothAreTrusted) {
  const Outcome first = Connect(*Create(), nullptr);
  const Issued next = Issue({.name = "root", .authority = true}, nullptr);
  config_.client_ca = {files_.Write("both.crt", next.pem() + root_.pem())};
  config_.client_crl = {files_.Write("both.crl", IssueCrl(next) + IssueCrl(root_))};
  const auto both = Create();
  EXPECT_TRUE(Connect(*both, first.ticket.get()).served);
  client_ = Issue({.name = "client", .usage = "clientAuth"}, &next);
  EXPECT_TRUE(Connect(*both, nullptr).served);
  // Of neither.
  client_ = Issue({.name = "client", .usage = "clientAuth"}, nullptr);
  EXPECT_FALSE(Connect(*both, nullptr).served);
}

// Clients whose proofs end in a moment, in both versions at once so that the moment is waited for
// once.
class TlsTicketsEndTest : public TlsTicketsTest {};

INSTANTIATE_TEST_SUITE_P(Versions, TlsTicketsEndTest, testing::Values(0));

TEST_P(TlsTicketsEndTest, S45_ATicketEndsWithTheClientsCertificateAndTheRevocationList) {
  constexpr int64_t kMoment = 3;
  const int64_t end = std::time(nullptr) + kMoment;
  const Issued lasting = std::exchange(
      client_, Issue({.name = "client", .usage = "clientAuth", .to = kMoment}, &root_));
  struct Visit {
    int version;
    bool short_lived;
    std::shared_ptr<const TlsContext> tls;
    long verified;
    Outcome first;
  };
  std::vector<Visit> visits;
  const auto plain = Create();
  config_.client_crl = {files_.Write("ca.crl", IssueCrl(root_, {.to = kMoment}))};
  const auto refuses = Create();
  config_.client_crl_expired = TlsConfig::CrlExpired::kAccept;
  const auto accepts = Create();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    visits.push_back({version, true, plain, X509_V_ERR_CERT_HAS_EXPIRED, {}});
    visits.push_back({version, false, refuses, X509_V_ERR_CRL_HAS_EXPIRED, {}});
    visits.push_back({version, false, accepts, X509_V_OK, {}});
  }
  const Issued& brief = client_;
  for (Visit& visit : visits) {
    const Issued& who = visit.short_lived ? brief : lasting;
    visit.first = Connect(*visit.tls, nullptr, visit.version, who);
    ASSERT_TRUE(visit.first.served);
  }
  AwaitTime(end);
  for (const Visit& visit : visits) {
    const Issued& who = visit.short_lived ? brief : lasting;
    const Outcome second = Connect(*visit.tls, visit.first.ticket.get(), visit.version, who);
    EXPECT_EQ(second.served, visit.verified == X509_V_OK);
    EXPECT_EQ(second.resumed, visit.verified == X509_V_OK);
    EXPECT_EQ(second.verified, visit.verified);
  }
  EXPECT_TRUE(Connect(*accepts, nullptr, TLS1_3_VERSION, lasting).served);
}

}  // namespace
}  // namespace meshhost
