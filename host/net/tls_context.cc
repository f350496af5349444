// SPDX-License-Identifier: Apache-2.0
#include "host/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>

#include "host/base/concat.h"
#include "host/base/status_macros.h"

namespace meshhost {
namespace {

// RFC 9325 section 4.2; TLS 1.3 suites are OpenSSL's defaults, all AEAD.
constexpr char kTls12Ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr char kGroups[] = "X25519:P-256:P-384";

absl::Status OpenSslError(std::string_view what, std::string_view thing) {
  const unsigned long code = ERR_get_error();
  char reason[256] = "unknown reason";
  if (code != 0) ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  return absl::InvalidArgumentError(Concat({what, " ", thing, ": ", reason}));
}

int VerifyMode(TlsConfig::ClientAuth auth) {
  switch (auth) {
    case TlsConfig::ClientAuth::kNone:
      return SSL_VERIFY_NONE;
    case TlsConfig::ClientAuth::kRequest:
      return SSL_VERIFY_PEER;
    case TlsConfig::ClientAuth::kRequire:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

absl::Status UseClientCa(SSL_CTX* context, const TlsConfig& config) {
  if (config.client_ca.empty()) return absl::OkStatus();
  const char* file = config.client_ca.path.c_str();
  if (SSL_CTX_load_verify_locations(context, file, nullptr) != 1) {
    return OpenSslError("client CA", file);
  }
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(file);
  if (names == nullptr) return OpenSslError("client CA", file);
  SSL_CTX_set_client_CA_list(context, names);
  return absl::OkStatus();
}

absl::Status UseCertificate(SSL_CTX* context, const FilePath& certificate, const FilePath& key) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.path.c_str()) != 1) {
    return OpenSslError("certificate", certificate.path);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.path.c_str(), SSL_FILETYPE_PEM) != 1) {
    return OpenSslError("private key", key.path);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return OpenSslError("private key does not match the certificate", certificate.path);
  }
  return absl::OkStatus();
}

void UsePolicy(SSL_CTX* context, const TlsConfig& config) {
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
  // Idle connections keep no record buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  // Resumption is by tickets alone: a server-side cache would be shared, locked state.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  constexpr unsigned char kSessionContext[] = "meshhost";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
}

// "*.example" covers exactly one label (RFC 9525 section 6.3).
bool NameMatches(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) return pattern == name;
  const size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == pattern.substr(1);
}

std::string ToText(const X509_NAME* name) {
  BIO* memory = BIO_new(BIO_s_mem());
  if (memory == nullptr) return {};
  X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  const long n = BIO_get_mem_data(memory, &bytes);
  std::string text(bytes, n > 0 ? static_cast<size_t>(n) : 0);
  BIO_free(memory);
  return text;
}

std::string_view ToView(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

void AddSan(const GENERAL_NAME* name, Peer& peer) {
  switch (name->type) {
    case GEN_DNS:
      peer.sans.push_back(Concat({"DNS:", ToView(name->d.dNSName)}));
      return;
    case GEN_EMAIL:
      peer.sans.push_back(Concat({"email:", ToView(name->d.rfc822Name)}));
      return;
    case GEN_URI:
      peer.sans.push_back(Concat({"URI:", ToView(name->d.uniformResourceIdentifier)}));
      return;
    case GEN_IPADD: {
      char* text = i2s_ASN1_OCTET_STRING(nullptr, name->d.iPAddress);
      if (text != nullptr) peer.sans.push_back(Concat({"IP:", text}));
      OPENSSL_free(text);
      return;
    }
    default:
      return;
  }
}

// A SPIFFE X.509-SVID has exactly one URI SAN (X.509-SVID section 2).
void FindSpiffeId(Peer& peer) {
  size_t uris = 0;
  std::string_view id;
  for (const std::string& san : peer.sans) {
    if (!san.starts_with("URI:")) continue;
    ++uris;
    id = std::string_view(san).substr(4);
  }
  if (uris == 1 && id.starts_with("spiffe://")) peer.spiffe_id = id;
}

void DescribeCertificate(X509* certificate, Peer& peer) {
  peer.subject = ToText(X509_get_subject_name(certificate));
  peer.issuer = ToText(X509_get_issuer_name(certificate));
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* hex = number == nullptr ? nullptr : BN_bn2hex(number);
  if (hex != nullptr) peer.serial = hex;
  OPENSSL_free(hex);
  BN_free(number);
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    AddSan(sk_GENERAL_NAME_value(names, i), peer);
  }
  GENERAL_NAMES_free(names);
  FindSpiffeId(peer);
}

}  // namespace

void SslCtxDeleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

absl::StatusOr<SslCtxPtr> TlsContext::NewContext(const TlsConfig& config,
                                                 const FilePath& certificate, const FilePath& key) {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return OpenSslError("TLS context", certificate.path);
  UsePolicy(context.get(), config);
  RETURN_IF_ERROR(UseCertificate(context.get(), certificate, key));
  RETURN_IF_ERROR(UseClientCa(context.get(), config));
  SSL_CTX_set_verify(context.get(), VerifyMode(config.client_auth), nullptr);
  SSL_CTX_set_alpn_select_cb(context.get(), &TlsContext::SelectAlpn, this);
  return context;
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Create(const TlsConfig& config,
                                                                     const ProtocolSet& protocols) {
  std::shared_ptr<TlsContext> tls(new TlsContext);
  if (protocols.UsesHttp2()) tls->alpn_ += "\x02h2";
  if (protocols.UsesHttp1()) tls->alpn_ += "\x08http/1.1";
  ASSIGN_OR_RETURN(tls->default_, tls->NewContext(config, config.certificate, config.key));
  SSL_CTX_set_tlsext_servername_callback(tls->default_.get(), &TlsContext::SelectCertificate);
  SSL_CTX_set_tlsext_servername_arg(tls->default_.get(), tls.get());
  for (const SniConfig& sni : config.sni) {
    ASSIGN_OR_RETURN(SslCtxPtr context, tls->NewContext(config, sni.certificate, sni.key));
    for (const std::string& name : sni.names) tls->by_name_.emplace_back(name, context.get());
    tls->others_.push_back(std::move(context));
  }
  return tls;
}

SSL* TlsContext::NewSession(int fd) const {
  SSL* ssl = SSL_new(default_.get());
  if (ssl == nullptr) return nullptr;
  if (SSL_set_fd(ssl, fd) != 1) {
    SSL_free(ssl);
    return nullptr;
  }
  SSL_set_accept_state(ssl);
  return ssl;
}

int TlsContext::SelectCertificate(SSL* ssl, int*, void* self) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_OK;
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& [pattern, context] : static_cast<TlsContext*>(self)->by_name_) {
    if (!NameMatches(pattern, lower)) continue;
    SSL_set_SSL_CTX(ssl, context);
    return SSL_TLSEXT_ERR_OK;
  }
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

void DescribePeer(SSL* ssl, Peer& peer) {
  peer.tls = true;
  peer.tls_version = SSL_get_version(ssl);
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return;
  peer.verified = SSL_get_verify_result(ssl) == X509_V_OK;
  DescribeCertificate(certificate, peer);
  X509_free(certificate);
}

}  // namespace meshhost
