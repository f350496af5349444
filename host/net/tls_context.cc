// SPDX-License-Identifier: Apache-2.0
#include "host/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/net/tls_pem.h"

namespace meshhost {
namespace {

// RFC 9325 section 4.2; TLS 1.3 suites are OpenSSL's defaults, all AEAD.
constexpr char kTls12Ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr char kGroups[] = "X25519:P-256:P-384";
// 112 bits: for our certificates, and for those of clients. The system's settings may ask for less.
constexpr int kSecurityLevel = 2;

void UsePolicy(SSL_CTX* context, const TlsConfig& config) {
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_min_proto_version(
      context, config.min_version == TlsConfig::Version::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kTls12Ciphers);
  SSL_CTX_set1_groups_list(context, kGroups);
  uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
  if (!config.session_tickets) {
    options |= SSL_OP_NO_TICKET;
    SSL_CTX_set_num_tickets(context, 0);
  }
  SSL_CTX_set_options(context, options);
  // Idle connections keep no record buffers. The chain is sent as the file has it.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(context, 1);
  // Resumption is by tickets alone: a server-side cache would be shared, locked state.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

absl::Status UseCertificate(SSL_CTX* context, const CertificateChain& chain) {
  STACK_OF(X509)* others = sk_X509_new_null();
  for (size_t i = 1; i < chain.certificates.size(); ++i) {
    sk_X509_push(others, chain.certificates[i].get());
  }
  const int used = SSL_CTX_use_cert_and_key(context, chain.leaf(), chain.key.get(), others, 1);
  sk_X509_free(others);
  if (used == 1) return absl::OkStatus();
  return RefuseFile("certificate", chain.certificate_file,
                    Concat({"not usable with key \"", chain.key_file, "\": ", OpenSslReason()}));
}

std::string Sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

// All that a client can notice and that is not in a certificate.
std::string DescribePolicy(const TlsConfig& config, const std::string& alpn) {
  const auto number = [](auto value) { return std::to_string(static_cast<int>(value)); };
  return Concat({alpn, ";", number(config.client_auth), number(config.client_crl_check),
                 number(config.client_crl_expired), number(config.min_version),
                 number(config.session_tickets), number(config.lost_names), ";"});
}

}  // namespace

bool ServerNameMatches(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) return pattern == name;
  const size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == pattern.substr(1);
}

std::string TlsContext::ServerCertificate::slot() const {
  if (names.empty()) return "default";
  std::string text;
  for (const std::string& name : names) text += Concat({text.empty() ? "" : ",", name});
  return text;
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Create(const TlsConfig& config,
                                                                     const ProtocolSet& protocols) {
  std::shared_ptr<TlsContext> tls(new TlsContext);
  const int64_t now = std::time(nullptr);
  tls->min_version_ = config.min_version;
  tls->lost_names_ = config.lost_names;
  if (protocols.UsesHttp2()) tls->alpn_ += "\x02h2";
  if (protocols.UsesHttp1()) tls->alpn_ += "\x08http/1.1";
  ASSIGN_OR_RETURN(tls->trust_, ClientTrust::Read(config, now));
  RETURN_IF_ERROR(tls->Add(config, {}, config.certificate, config.key, now));
  for (const SniConfig& sni : config.sni) {
    RETURN_IF_ERROR(tls->Add(config, sni.names, sni.certificate, sni.key, now));
  }
  tls->CollectFacts();
  tls->Seal(config);
  return tls;
}

absl::Status TlsContext::Add(const TlsConfig& config, std::vector<std::string> names,
                             const FilePath& certificate, const FilePath& key, int64_t now) {
  ASSIGN_OR_RETURN(CertificateChain chain, ReadCertificateChain(certificate, key, now));
  ASSIGN_OR_RETURN(SslCtxPtr context, NewContext(config, chain));
  servers_.push_back({std::move(names), std::move(chain), std::move(context)});
  return absl::OkStatus();
}

absl::StatusOr<SslCtxPtr> TlsContext::NewContext(const TlsConfig& config,
                                                 const CertificateChain& chain) {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) {
    return absl::ResourceExhaustedError(Concat({"TLS context: ", OpenSslReason()}));
  }
  UsePolicy(context.get(), config);
  RETURN_IF_ERROR(UseCertificate(context.get(), chain));
  trust_.ApplyTo(context.get());
  SSL_CTX_set_alpn_select_cb(context.get(), &TlsContext::SelectAlpn, this);
  return context;
}

void TlsContext::CollectFacts() {
  const auto add = [this](const ServerCertificate& server, size_t index) {
    CertificateFacts facts = FactsOf(server.chain.certificates[index].get());
    facts.role = index == 0 ? CertificateFacts::Role::kServer : CertificateFacts::Role::kChain;
    facts.slot = server.slot();
    facts.file = server.chain.certificate_file;
    facts_.push_back(std::move(facts));
  };
  for (const ServerCertificate& server : servers_) add(server, 0);
  for (const ServerCertificate& server : servers_) {
    for (size_t i = 1; i < server.chain.certificates.size(); ++i) add(server, i);
  }
  facts_.insert(facts_.end(), trust_.facts().begin(), trust_.facts().end());
}

// The parts that need all of the others.
void TlsContext::Seal(const TlsConfig& config) {
  std::string all = DescribePolicy(config, alpn_);
  for (const CertificateFacts& facts : facts_) {
    all += Concat({RoleName(facts.role), " ", facts.slot, " ", facts.fingerprint, ";"});
  }
  digest_ = Sha256(all);
  for (const ServerCertificate& server : servers_) {
    // A session of other certificates or authorities is never resumed here, whatever its ticket.
    SSL_CTX_set_session_id_context(server.context.get(),
                                   reinterpret_cast<const unsigned char*>(digest_.data()),
                                   static_cast<unsigned int>(digest_.size()));
  }
  SSL_CTX_set_tlsext_servername_callback(default_context(), &TlsContext::SelectCertificate);
  SSL_CTX_set_tlsext_servername_arg(default_context(), this);
  SSL_CTX_set_session_ticket_cb(default_context(), nullptr, &TlsContext::JudgeTicket, this);
}

SSL* TlsContext::NewSession(int fd) const {
  SslPtr ssl = NewSession();
  if (ssl == nullptr || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  return ssl.release();
}

SslPtr TlsContext::NewSession() const {
  SslPtr ssl(SSL_new(default_context()));
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  return ssl;
}

const TlsContext::ServerCertificate& TlsContext::CertificateFor(
    std::string_view server_name) const {
  for (const ServerCertificate& server : servers_) {
    for (const std::string& pattern : server.names) {
      if (ServerNameMatches(pattern, server_name)) return server;
    }
  }
  return servers_.front();
}

int TlsContext::SelectCertificate(SSL* ssl, int*, void* self) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_OK;
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* tls = static_cast<const TlsContext*>(self);
  const ServerCertificate& server = tls->CertificateFor(lower);
  if (server.context.get() != tls->default_context()) SSL_set_SSL_CTX(ssl, server.context.get());
  return SSL_TLSEXT_ERR_OK;
}

// Our order of preference wins; a client that offers nothing we speak is refused (RFC 7301 section
// 3.2), one that does not offer ALPN gets HTTP/1.1 or the preface decides.
int TlsContext::SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_length,
                           const unsigned char* in, unsigned int in_length, void* self) {
  const std::string& ours = static_cast<TlsContext*>(self)->alpn_;
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_length,
                                           reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned int>(ours.size()), in, in_length);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// A resumed session is not verified again, so what may have run out since is looked at here; each
// resumption brings a new ticket, and an identity would live on for ever. A full handshake then
// says what is wrong.
SSL_TICKET_RETURN TlsContext::JudgeTicket(SSL*, SSL_SESSION* session, const unsigned char*, size_t,
                                          SSL_TICKET_STATUS status, void* self) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) {
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
  const X509* client = SSL_SESSION_get0_peer(session);
  if (client != nullptr) {
    const int64_t now = std::time(nullptr);
    const int64_t lists_end = static_cast<const TlsContext*>(self)->trust_.lists_end();
    const bool outdated = lists_end != 0 && now > lists_end;
    if (outdated || now > UnixTime(X509_get0_notAfter(client))) {
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
  }
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace meshhost
