// SPDX-License-Identifier: Apache-2.0
#include "host/net/tls_certificate_facts.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>

#include <array>
#include <ctime>

#include "host/base/concat.h"

namespace meshhost {
namespace {

std::string_view ToView(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::string AddressText(const ASN1_OCTET_STRING* address) {
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(address) != 16) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size());
  return text.data();
}

// Empty: a kind of name that nobody here looks at.
std::string GeneralNameText(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
      return Concat({"DNS:", ToView(name->d.dNSName)});
    case GEN_EMAIL:
      return Concat({"email:", ToView(name->d.rfc822Name)});
    case GEN_URI:
      return Concat({"URI:", ToView(name->d.uniformResourceIdentifier)});
    case GEN_IPADD: {
      const std::string address = AddressText(name->d.iPAddress);
      return address.empty() ? address : "IP:" + address;
    }
    default:
      return {};
  }
}

std::string HexText(const unsigned char* bytes, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

std::string_view RoleName(CertificateFacts::Role role) {
  switch (role) {
    case CertificateFacts::Role::kServer:
      return "server";
    case CertificateFacts::Role::kChain:
      return "chain";
    case CertificateFacts::Role::kClientCa:
      return "client_ca";
    case CertificateFacts::Role::kCrl:
      return "crl";
  }
  return "server";
}

CertificateFacts FactsOf(const X509* certificate) {
  CertificateFacts facts;
  facts.subject = SubjectText(certificate);
  facts.sans = SubjectAltNames(certificate);
  facts.serial = SerialText(X509_get0_serialNumber(certificate));
  facts.not_before = UnixTime(X509_get0_notBefore(certificate));
  facts.not_after = UnixTime(X509_get0_notAfter(certificate));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  facts.fingerprint = HexText(digest.data(), size);
  return facts;
}

CertificateFacts FactsOf(const X509_CRL* crl) {
  CertificateFacts facts;
  facts.role = CertificateFacts::Role::kCrl;
  facts.subject = NameText(X509_CRL_get_issuer(crl));
  facts.not_before = UnixTime(X509_CRL_get0_lastUpdate(crl));
  facts.not_after = UnixTime(X509_CRL_get0_nextUpdate(crl));
  auto* number =
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, nullptr, nullptr));
  if (number != nullptr) facts.serial = SerialText(number);
  ASN1_INTEGER_free(number);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_CRL_digest(crl, EVP_sha256(), digest.data(), &size);
  facts.fingerprint = HexText(digest.data(), size);
  return facts;
}

std::string NameText(const X509_NAME* name) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  if (memory == nullptr) return {};
  X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, size > 0 ? static_cast<size_t>(size) : 0};
}

std::string SubjectText(const X509* certificate) {
  return NameText(X509_get_subject_name(certificate));
}

std::string SerialText(const ASN1_INTEGER* serial) {
  BIGNUM* number = ASN1_INTEGER_to_BN(serial, nullptr);
  char* hex = number == nullptr ? nullptr : BN_bn2hex(number);
  std::string text = hex == nullptr ? "" : hex;
  OPENSSL_free(hex);
  BN_free(number);
  return text;
}

std::vector<std::string> SubjectAltNames(const X509* certificate) {
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> texts;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    std::string text = GeneralNameText(sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty()) texts.push_back(std::move(text));
  }
  return texts;
}

int64_t UnixTime(const ASN1_TIME* time) {
  std::tm parts{};
  // Null would mean now.
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return timegm(&parts);
}

std::string UtcText(int64_t unix_time) {
  const time_t seconds = unix_time;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace meshhost
