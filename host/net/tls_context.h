// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host/call/request.h"
#include "host/config/config.h"

namespace meshhost {

struct SslCtxDeleter {
  void operator()(SSL_CTX* context) const;
};
using SslCtxPtr = std::unique_ptr<SSL_CTX, SslCtxDeleter>;

// The server-side TLS of one listener: certificates by name (SNI), client authentication, versions
// and ciphers (RFC 9325). Immutable; shared by all workers, and by the connections made with it.
class TlsContext final {
 public:
  // Reads certificates and keys. The error names the file and OpenSSL's reason.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Create(const TlsConfig& config,
                                                                  const ProtocolSet& protocols);

  // A new server session for an accepted socket; null when out of memory. Caller owns.
  SSL* NewSession(int fd) const;

 private:
  TlsContext() = default;
  static int SelectCertificate(SSL* ssl, int* alert, void* self);
  static int SelectAlpn(SSL* ssl, const unsigned char** out, unsigned char* out_length,
                        const unsigned char* in, unsigned int in_length, void* self);
  absl::StatusOr<SslCtxPtr> NewContext(const TlsConfig& config, const FilePath& certificate,
                                       const FilePath& key);

  SslCtxPtr default_;
  std::vector<std::pair<std::string, SSL_CTX*>> by_name_;  // "a.example", "*.example"
  std::vector<SslCtxPtr> others_;
  std::string alpn_;  // wire format, in our order of preference
};

// Fills what the handshake proved about the peer: version, and with a client certificate subject,
// issuer, serial, SANs, SPIFFE id.
void DescribePeer(SSL* ssl, Peer& peer);

}  // namespace meshhost
