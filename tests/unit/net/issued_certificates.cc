// SPDX-License-Identifier: Apache-2.0
#include "issued_certificates.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <fstream>

namespace meshhost {
namespace {

std::string TextOf(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

void AddExtension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

EvpPkeyPtr NewKey(const CertificateOrder& order) {
  if (std::string(order.key_type) == "RSA") {
    return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{order.key_bits}));
  }
  return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
}

void AddExtensions(const CertificateOrder& order, X509* certificate, X509* issuer) {
  AddExtension(certificate, issuer, NID_basic_constraints,
               order.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  AddExtension(certificate, issuer, NID_key_usage,
               order.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  AddExtension(certificate, issuer, NID_subject_key_identifier, "hash");
  AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid");
  if (!order.authority) AddExtension(certificate, issuer, NID_ext_key_usage, order.usage);
  if (order.san != nullptr) AddExtension(certificate, issuer, NID_subject_alt_name, order.san);
}

void AddKeyIdentifier(const Issued& issuer, X509_CRL* crl) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer.certificate.get(), nullptr, nullptr, crl, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid");
  X509_CRL_add_ext(crl, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

std::string Issued::pem() const {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate.get());
  return TextOf(memory.get());
}

std::string Issued::key_pem() const {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return TextOf(memory.get());
}

std::string Issued::encrypted_key_pem() const {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  char passphrase[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), EVP_aes_256_cbc(), passphrase, 6, nullptr,
                                nullptr);
  return TextOf(memory.get());
}

Issued Issue(const CertificateOrder& order, const Issued* issuer) {
  Issued issued{X509Ptr(X509_new()), NewKey(order)};
  X509* certificate = issued.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  uint32_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial | 1u);
  X509_gmtime_adj(X509_getm_notBefore(certificate), order.from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), order.to);
  X509_set_pubkey(certificate, issued.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(order.name.c_str()), -1, -1, 0);
  X509* signer = issuer == nullptr ? certificate : issuer->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  AddExtensions(order, certificate, signer);
  X509_sign(certificate, issuer == nullptr ? issued.key.get() : issuer->key.get(), order.digest);
  return issued;
}

std::string IssueCrl(const Issued& issuer, const CrlOrder& order) {
  const X509CrlPtr crl(X509_CRL_new());
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.get()));
  ASN1_TIME* time = X509_gmtime_adj(nullptr, order.from);
  X509_CRL_set1_lastUpdate(crl.get(), time);
  X509_gmtime_adj(time, order.to);
  X509_CRL_set1_nextUpdate(crl.get(), time);
  for (const Issued* one : order.revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one->certificate.get()));
    X509_gmtime_adj(time, order.from);
    X509_REVOKED_set_revocationDate(entry, time);
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  ASN1_TIME_free(time);
  ASN1_INTEGER* serial = ASN1_INTEGER_new();
  ASN1_INTEGER_set(serial, order.number);
  X509_CRL_add1_ext_i2d(crl.get(), NID_crl_number, serial, 0, 0);
  ASN1_INTEGER_free(serial);
  if (order.key_identifier) AddKeyIdentifier(issuer, crl.get());
  X509_CRL_sort(crl.get());
  X509_CRL_sign(crl.get(), issuer.key.get(), EVP_sha256());
  const BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(memory.get(), crl.get());
  return TextOf(memory.get());
}

CertificateFolder::CertificateFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "meshhost-XXXXXX").string();
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  folder_ = pattern;
}

CertificateFolder::~CertificateFolder() { std::filesystem::remove_all(folder_); }

FilePath CertificateFolder::Write(const std::string& name, const std::string& text) const {
  std::ofstream(folder_ / name, std::ios::binary) << text;
  return {path(name), {}};
}

}  // namespace meshhost
