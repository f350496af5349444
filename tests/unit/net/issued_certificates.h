// SPDX-License-Identifier: Apache-2.0
//
// Certificates with exactly the fault that a test needs, made in the test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/config/config.h"
#include "host/net/openssl_pointers.h"

namespace meshhost {

// What to make. Times are seconds from now.
struct CertificateOrder {
  std::string name;                  // common name
  const char* san = nullptr;         // as openssl.cnf has it: "DNS:a,IP:127.0.0.1"
  const char* usage = "serverAuth";  // extended key usage
  bool authority = false;
  int64_t from = -3600;
  int64_t to = int64_t{90} * 86400;
  const char* key_type = "EC";  // "EC": P-256, "RSA"
  unsigned key_bits = 2048;     // RSA only
  const EVP_MD* digest = EVP_sha256();
};

// A certificate with its key. Movable value.
struct Issued {
  X509Ptr certificate;
  EvpPkeyPtr key;

  std::string pem() const;
  std::string key_pem() const;
  std::string encrypted_key_pem() const;
};

// `issuer` null: signed by itself.
Issued Issue(const CertificateOrder& order, const Issued* issuer);
// A list to make. Times are seconds from now.
struct CrlOrder {
  std::vector<const Issued*> revoked = {};
  int number = 1;
  int64_t from = -3600;
  int64_t to = int64_t{7} * 86400;
  bool key_identifier = true;  // of the issuer
};
// The list as PEM.
std::string IssueCrl(const Issued& issuer, const CrlOrder& order = {});

// Files that are removed with the test.
class CertificateFolder final {
 public:
  CertificateFolder();
  ~CertificateFolder();

  // Returns the file.
  FilePath Write(const std::string& name, const std::string& text) const;
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace meshhost
