// SPDX-License-Identifier: Apache-2.0
//
// A certificate with its key and the chain that is sent along, checked before anybody depends on
// it. All that would make a client or OpenSSL refuse it later is an error here, with file and
// cause: order and signatures of the chain, dates, strength, a key of another certificate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/net/openssl_pointers.h"

namespace meshhost {

// Movable value; immutable once read.
struct CertificateChain {
  std::string certificate_file;
  std::string key_file;
  std::vector<X509Ptr> certificates;  // leaf first, at least that
  EvpPkeyPtr key;

  X509* leaf() const { return certificates.front().get(); }
  X509* top() const { return certificates.back().get(); }
};

// Reads and checks. `now`: seconds since the epoch. Any thread.
[[nodiscard]] absl::StatusOr<CertificateChain> ReadCertificateChain(const FilePath& certificate,
                                                                    const FilePath& key,
                                                                    int64_t now);

// Is it good at `now`? The error has both dates. `what` as for ReadPemCertificates, `which` names
// the certificate within the file.
[[nodiscard]] absl::Status CheckDates(std::string_view what, std::string_view file,
                                      std::string_view which, const X509* certificate, int64_t now);
// Key and signature have at least 112 bits of security (RSA 2048, SHA-224), as TLS will ask.
[[nodiscard]] absl::Status CheckStrength(std::string_view what, std::string_view file,
                                         std::string_view which, const X509* certificate);
[[nodiscard]] bool IsSelfSigned(const X509* certificate);

}  // namespace meshhost
