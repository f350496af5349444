// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/net/openssl_pointers.h"
#include "host/net/tls_certificate_facts.h"
#include "host/net/tls_chain.h"
#include "host/net/tls_client_trust.h"

namespace meshhost {

// The server-side TLS of one listener: certificates by name (SNI), client authentication, versions
// and ciphers (RFC 9325). Immutable; shared by all workers, and by the connections made with it.
//
// Files are read once, here, so a context is one consistent set; a change of files takes a new
// context. Its session tickets are its own: with keys that no other context has, a client which
// resumes a session of an older context gets a full handshake, and with it the authorities and
// revocation lists of today. Where nothing changed (`digest`), the runtime keeps the old context
// and clients keep resuming.
class TlsContext final {
 public:
  // One certificate to show. Immutable.
  struct ServerCertificate {
    std::vector<std::string> names;  // that choose it; empty: the default
    CertificateChain chain;
    SslCtxPtr context;

    std::string slot() const;  // the names, or "default"
  };

  // Reads and checks certificates, keys, authorities and revocation lists. The error names the file
  // and the cause; a file that is half written, or a pair that is half replaced, is such an error.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Create(const TlsConfig& config,
                                                                  const ProtocolSet& protocols);

  // A new server session for an accepted socket; null when out of memory. Caller owns.
  SSL* NewSession(int fd) const;
  // The same without a socket, for whoever brings its own BIOs.
  SslPtr NewSession() const;

  // The default first.
  const std::vector<ServerCertificate>& server_certificates() const { return servers_; }
  // What a client that asks for this name, in lower case, is shown.
  const ServerCertificate& CertificateFor(std::string_view server_name) const;

  // Every certificate and list, in the order server, chain, client_ca, crl.
  const std::vector<CertificateFacts>& certificates() const { return facts_; }
  // What an operator should know although it loads.
  const std::vector<std::string>& warnings() const { return trust_.warnings(); }
  // Equal digests: contexts that no client could tell apart.
  const std::string& digest() const { return digest_; }

  TlsConfig::Version min_version() const { return min_version_; }
  TlsConfig::LostNames lost_names() const { return lost_names_; }

 private:
  TlsContext() = default;
  static int SelectCertificate(SSL* ssl, int* alert, void* self);
  static int SelectAlpn(SSL* ssl, const unsigned char** out, unsigned char* out_length,
                        const unsigned char* in, unsigned int in_length, void* self);
  static SSL_TICKET_RETURN JudgeTicket(SSL* ssl, SSL_SESSION* session, const unsigned char* name,
                                       size_t name_length, SSL_TICKET_STATUS status, void* self);
  absl::Status Add(const TlsConfig& config, std::vector<std::string> names,
                   const FilePath& certificate, const FilePath& key, int64_t now);
  absl::StatusOr<SslCtxPtr> NewContext(const TlsConfig& config, const CertificateChain& chain);
  void CollectFacts();
  void Seal(const TlsConfig& config);

  SSL_CTX* default_context() const { return servers_.front().context.get(); }

  std::vector<ServerCertificate> servers_;  // default first; none is added after Create
  ClientTrust trust_;
  std::vector<CertificateFacts> facts_;
  std::string digest_;
  std::string alpn_;  // wire format, in our order of preference
  TlsConfig::Version min_version_ = TlsConfig::Version::kTls12;
  TlsConfig::LostNames lost_names_ = TlsConfig::LostNames::kRefuse;
};

// Does the pattern of an SNI entry cover this name? "*.example" covers exactly one label (RFC 9525
// section 6.3). Both in lower case.
[[nodiscard]] bool ServerNameMatches(std::string_view pattern, std::string_view name);

}  // namespace meshhost
