// SPDX-License-Identifier: Apache-2.0
//
// Which clients a listener believes: authorities, and what they have revoked.
//
// While authorities overlap (old and new, each with clients), both are in `client_ca`, in one file
// or several. Once there is a revocation list, every authority in `client_ca` needs one, or OpenSSL
// would refuse all its clients one by one; that is found here instead. A list past its next update
// says nothing any more: with client_crl_expired = "refuse" it is not loaded, and when it runs out
// while in use, clients are refused until a new one comes; with "accept" the last known one stays.
//
// An authority below another may stand alone: then it is trusted and the one above it is not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/net/openssl_pointers.h"
#include "host/net/tls_certificate_facts.h"

namespace meshhost {

// Movable value; immutable once read.
class ClientTrust final {
 public:
  // Reads and checks client_ca and client_crl. `now`: seconds since the epoch. Errors name file and
  // cause. Without client_ca: trusts nobody.
  static absl::StatusOr<ClientTrust> Read(const TlsConfig& config, int64_t now);

  // Client authentication of this context: mode, authorities, lists.
  void ApplyTo(SSL_CTX* context) const;

  const std::vector<CertificateFacts>& facts() const { return facts_; }
  // What an operator should know although it loads.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // When the first list runs out and clients are refused, seconds since the epoch; 0: never.
  int64_t lists_end() const { return lists_end_; }

 private:
  struct Authority {
    X509Ptr certificate;
    std::string file;
  };

  absl::Status ReadAuthorities(const TlsConfig& config, int64_t now);
  absl::Status ReadLists(const TlsConfig& config, int64_t now);
  absl::Status CheckList(const TlsConfig& config, const std::string& file, X509_CRL* crl,
                         int64_t now);
  absl::Status CheckCover(const TlsConfig& config, const std::vector<X509CrlPtr>& crls);
  bool HasIssuer(const Authority& authority) const;
  void Warn(std::string_view what, std::string_view file, std::string_view text);

  int mode_ = SSL_VERIFY_NONE;
  bool accept_expired_lists_ = false;
  X509StorePtr store_;
  std::vector<Authority> authorities_;
  std::vector<CertificateFacts> facts_;
  std::vector<std::string> warnings_;
  int64_t lists_end_ = 0;
};

}  // namespace meshhost
