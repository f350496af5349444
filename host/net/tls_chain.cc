// SPDX-License-Identifier: Apache-2.0
#include "host/net/tls_chain.h"

#include <openssl/err.h>
#include <openssl/objects.h>

#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/net/tls_certificate_facts.h"
#include "host/net/tls_pem.h"

namespace meshhost {
namespace {

constexpr std::string_view kWhat = "certificate";
// OpenSSL's security level 2, RFC 9325 section 4.1.
constexpr int kMinSecurityBits = 112;
// Longer than any real chain; each costs every handshake bytes.
constexpr size_t kMaxChain = 10;

// "certificate 2 of it (CN=x)"
std::string Which(const std::vector<X509Ptr>& chain, size_t index) {
  const std::string name = SubjectText(chain[index].get());
  if (chain.size() == 1) return Concat({"it (", name, ")"});
  return Concat({"certificate ", std::to_string(index + 1), " of it (", name, ")"});
}

// Empty: `issuer` made `certificate`.
std::string WhyNotIssued(X509* issuer, X509* certificate) {
  const int reason = X509_check_issued(issuer, certificate);
  if (reason != X509_V_OK) return X509_verify_cert_error_string(reason);
  EVP_PKEY* key = X509_get0_pubkey(issuer);
  if (key == nullptr || X509_verify(certificate, key) != 1) {
    ERR_clear_error();
    return "the signature is not its";
  }
  return {};
}

absl::Status CheckOrder(const std::string& file, const std::vector<X509Ptr>& chain) {
  if (chain.size() > kMaxChain) {
    return RefuseFile(kWhat, file,
                      Concat({std::to_string(chain.size()),
                              " certificates in it (expected a chain "
                              "of at most ",
                              std::to_string(kMaxChain), ", leaf first)"}));
  }
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    const std::string why = WhyNotIssued(chain[i + 1].get(), chain[i].get());
    if (why.empty()) continue;
    return RefuseFile(
        kWhat, file,
        Concat({"broken chain: ", Which(chain, i + 1), " did not issue ", Which(chain, i), ": ",
                why, " (expected the leaf first, then each issuer of the one before)"}));
  }
  return absl::OkStatus();
}

absl::Status CheckKey(const CertificateChain& chain) {
  if (X509_check_private_key(chain.leaf(), chain.key.get()) == 1) return absl::OkStatus();
  ERR_clear_error();
  return absl::InvalidArgumentError(
      Concat({"private key \"", chain.key_file, "\" does not match certificate \"",
              chain.certificate_file, "\" (", SubjectText(chain.leaf()),
              "); if both are being replaced, one of them is still the old one"}));
}

}  // namespace

absl::StatusOr<CertificateChain> ReadCertificateChain(const FilePath& certificate,
                                                      const FilePath& key, int64_t now) {
  CertificateChain chain{certificate.path, key.path, {}, nullptr};
  ASSIGN_OR_RETURN(chain.certificates, ReadPemCertificates(kWhat, certificate.path));
  RETURN_IF_ERROR(CheckOrder(certificate.path, chain.certificates));
  for (size_t i = 0; i < chain.certificates.size(); ++i) {
    const std::string which = Which(chain.certificates, i);
    const X509* one = chain.certificates[i].get();
    RETURN_IF_ERROR(CheckDates(kWhat, certificate.path, which, one, now));
    RETURN_IF_ERROR(CheckStrength(kWhat, certificate.path, which, one));
  }
  ASSIGN_OR_RETURN(chain.key, ReadPemKey(key.path));
  RETURN_IF_ERROR(CheckKey(chain));
  return chain;
}

absl::Status CheckDates(std::string_view what, std::string_view file, std::string_view which,
                        const X509* certificate, int64_t now) {
  const int64_t from = UnixTime(X509_get0_notBefore(certificate));
  const int64_t to = UnixTime(X509_get0_notAfter(certificate));
  if (now >= from && now <= to) return absl::OkStatus();
  return RefuseFile(
      what, file,
      Concat({which, now < from ? " is not valid yet" : " has expired", ": valid from ",
              UtcText(from), " to ", UtcText(to), ", now ", UtcText(now)}));
}

absl::Status CheckStrength(std::string_view what, std::string_view file, std::string_view which,
                           const X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) {
    return RefuseFile(what, file, Concat({which, " has no usable key: ", OpenSslReason()}));
  }
  if (EVP_PKEY_get_security_bits(key) < kMinSecurityBits) {
    const char* type = EVP_PKEY_get0_type_name(key);
    return RefuseFile(what, file,
                      Concat({which, " has a weak key: ", type == nullptr ? "unknown" : type,
                              " of ", std::to_string(EVP_PKEY_get_bits(key)),
                              " bits (expected RSA of 2048 bits, EC of 224, or stronger)"}));
  }
  int digest = NID_undef;
  int bits = -1;
  // Nobody checks the signature of a trust anchor.
  if (IsSelfSigned(certificate) ||
      X509_get_signature_info(const_cast<X509*>(certificate), &digest, nullptr, &bits, nullptr) !=
          1 ||
      bits >= kMinSecurityBits) {
    return absl::OkStatus();
  }
  return RefuseFile(what, file,
                    Concat({which, " has a weak signature: ", OBJ_nid2sn(digest),
                            " (expected SHA-256 or stronger)"}));
}

bool IsSelfSigned(const X509* certificate) {
  return (X509_get_extension_flags(const_cast<X509*>(certificate)) & EXFLAG_SS) != 0;
}

}  // namespace meshhost
