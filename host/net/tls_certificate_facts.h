// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/net/openssl_pointers.h"

namespace meshhost {

// What operators and scrapers want to know of one certificate or revocation list. Plain value.
struct CertificateFacts {
  enum class Role {
    kServer,    // shown to clients, with its key
    kChain,     // sent along, up to the last one given
    kClientCa,  // trusted for client certificates
    kCrl,       // what such a CA has revoked
  };

  Role role = Role::kServer;
  // Which certificate of the listener: the server names that choose it, "default" otherwise; empty
  // for kClientCa and kCrl, which hold for all.
  std::string slot;
  std::string file;
  std::string subject;            // RFC 2253; of a list its issuer
  std::vector<std::string> sans;  // "DNS:a", "URI:b", "IP:c", "email:d"
  std::string serial;             // hexadecimal; of a list its CRL number, or empty
  int64_t not_before = 0;         // seconds since the epoch; of a list its last update
  int64_t not_after = 0;          // of a list its next update; 0: none given
  std::string fingerprint;        // SHA-256 of the encoding, hexadecimal

  friend bool operator==(const CertificateFacts&, const CertificateFacts&) = default;
};

// "server", "chain", "client_ca", "crl": a metric label and a word of logs.
[[nodiscard]] std::string_view RoleName(CertificateFacts::Role role);

// Role, slot and file are the caller's. Any thread.
[[nodiscard]] CertificateFacts FactsOf(const X509* certificate);
[[nodiscard]] CertificateFacts FactsOf(const X509_CRL* crl);

[[nodiscard]] std::string NameText(const X509_NAME* name);
[[nodiscard]] std::string SubjectText(const X509* certificate);
[[nodiscard]] std::string SerialText(const ASN1_INTEGER* serial);
[[nodiscard]] std::vector<std::string> SubjectAltNames(const X509* certificate);
// Seconds since the epoch; 0 for null or no time.
[[nodiscard]] int64_t UnixTime(const ASN1_TIME* time);
// "2026-11-22T20:14:24Z"
[[nodiscard]] std::string UtcText(int64_t unix_time);

}  // namespace meshhost
