// SPDX-License-Identifier: Apache-2.0
#include "host/net/tls_peer.h"

#include <string_view>

#include "host/net/openssl_pointers.h"
#include "host/net/tls_certificate_facts.h"

namespace meshhost {
namespace {

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

}  // namespace

void DescribePeer(SSL* ssl, Peer& peer) {
  peer.tls = true;
  peer.tls_version = SSL_get_version(ssl);
  const X509Ptr certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr) return;
  peer.verified = SSL_get_verify_result(ssl) == X509_V_OK;
  peer.subject = SubjectText(certificate.get());
  peer.issuer = NameText(X509_get_issuer_name(certificate.get()));
  peer.serial = SerialText(X509_get0_serialNumber(certificate.get()));
  peer.sans = SubjectAltNames(certificate.get());
  FindSpiffeId(peer);
}

}  // namespace meshhost
