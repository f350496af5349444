// SPDX-License-Identifier: Apache-2.0
#include "host/net/tls_client_trust.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/net/tls_chain.h"
#include "host/net/tls_pem.h"

namespace meshhost {
namespace {

constexpr std::string_view kAuthority = "client_ca";
constexpr std::string_view kList = "client_crl";

int VerifyMode(TlsConfig::ClientAuth auth) {
  switch (auth) {
    case TlsConfig::ClientAuth::kNone:
      return SSL_VERIFY_NONE;
    case TlsConfig::ClientAuth::kRequest:
      return SSL_VERIFY_PEER;
    case TlsConfig::ClientAuth::kRequire:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

// For client_crl_expired = "accept": the last list known goes on.
int AcceptExpiredList(int verified, X509_STORE_CTX* context) {
  if (verified == 1 || X509_STORE_CTX_get_error(context) != X509_V_ERR_CRL_HAS_EXPIRED) {
    return verified;
  }
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

bool Issued(const X509* authority, const X509_CRL* crl) {
  return X509_NAME_cmp(X509_get_subject_name(authority), X509_CRL_get_issuer(crl)) == 0;
}

// Did the key of this authority sign the list? Two authorities of one name have one list each.
bool Signed(const X509* authority, X509_CRL* crl) {
  EVP_PKEY* key = X509_get0_pubkey(authority);
  const bool good = key != nullptr && X509_CRL_verify(crl, key) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace

absl::StatusOr<ClientTrust> ClientTrust::Read(const TlsConfig& config, int64_t now) {
  ClientTrust trust;
  trust.mode_ = VerifyMode(config.client_auth);
  trust.store_.reset(X509_STORE_new());
  if (trust.store_ == nullptr) return absl::ResourceExhaustedError("client_ca: no memory");
  RETURN_IF_ERROR(trust.ReadAuthorities(config, now));
  RETURN_IF_ERROR(trust.ReadLists(config, now));
  return trust;
}

absl::Status ClientTrust::ReadAuthorities(const TlsConfig& config, int64_t now) {
  size_t usable = 0;
  std::string last_problem;
  for (const FilePath& file : config.client_ca) {
    ASSIGN_OR_RETURN(std::vector<X509Ptr> certificates, ReadPemCertificates(kAuthority, file.path));
    for (X509Ptr& certificate : certificates) {
      const std::string which = SubjectText(certificate.get());
      if (X509_check_ca(certificate.get()) == 0) {
        return RefuseFile(kAuthority, file.path,
                          Concat({which, " is not the certificate of an authority"}));
      }
      RETURN_IF_ERROR(CheckStrength(kAuthority, file.path, which, certificate.get()));
      const absl::Status dates = CheckDates(kAuthority, file.path, which, certificate.get(), now);
      if (dates.ok()) ++usable;
      if (!dates.ok()) warnings_.push_back(last_problem = std::string(dates.message()));
      X509_STORE_add_cert(store_.get(), certificate.get());
      CertificateFacts& facts = facts_.emplace_back(FactsOf(certificate.get()));
      facts.role = CertificateFacts::Role::kClientCa;
      facts.file = file.path;
      authorities_.push_back({std::move(certificate), file.path});
    }
  }
  // One authority of several may be on its way out or in; without any, no client could come.
  if (!config.client_ca.empty() && usable == 0) return absl::InvalidArgumentError(last_problem);
  for (const Authority& authority : authorities_) {
    if (!HasIssuer(authority)) X509_STORE_set_flags(store_.get(), X509_V_FLAG_PARTIAL_CHAIN);
  }
  return absl::OkStatus();
}

bool ClientTrust::HasIssuer(const Authority& authority) const {
  return std::any_of(authorities_.begin(), authorities_.end(), [&](const Authority& other) {
    return X509_check_issued(other.certificate.get(), authority.certificate.get()) == X509_V_OK;
  });
}

absl::Status ClientTrust::ReadLists(const TlsConfig& config, int64_t now) {
  if (config.client_crl.empty()) return absl::OkStatus();
  accept_expired_lists_ = config.client_crl_expired == TlsConfig::CrlExpired::kAccept;
  std::vector<X509CrlPtr> all;
  for (const FilePath& file : config.client_crl) {
    ASSIGN_OR_RETURN(std::vector<X509CrlPtr> crls, ReadPemCrls(kList, file.path));
    for (X509CrlPtr& crl : crls) {
      RETURN_IF_ERROR(CheckList(config, file.path, crl.get(), now));
      X509_STORE_add_crl(store_.get(), crl.get());
      CertificateFacts& facts = facts_.emplace_back(FactsOf(crl.get()));
      facts.file = file.path;
      if (facts.not_after != 0 && !accept_expired_lists_) {
        lists_end_ = lists_end_ == 0 ? facts.not_after : std::min(lists_end_, facts.not_after);
      }
      all.push_back(std::move(crl));
    }
  }
  const bool leaf = config.client_crl_check == TlsConfig::CrlCheck::kLeaf;
  X509_STORE_set_flags(store_.get(), leaf ? X509_V_FLAG_CRL_CHECK
                                          : X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return CheckCover(config, all);
}

absl::Status ClientTrust::CheckList(const TlsConfig& config, const std::string& file, X509_CRL* crl,
                                    int64_t now) {
  const std::string which = Concat({"the list of ", NameText(X509_CRL_get_issuer(crl))});
  size_t known = 0;
  bool signed_by_it = false;
  for (const Authority& authority : authorities_) {
    if (!Issued(authority.certificate.get(), crl)) continue;
    ++known;
    signed_by_it = signed_by_it || Signed(authority.certificate.get(), crl);
  }
  if (known > 0 && !signed_by_it) {
    return RefuseFile(kList, file,
                      Concat({which, " is not signed by that authority of client_ca"}));
  }
  if (known == 0) Warn(kList, file, Concat({which, " is of no authority in client_ca"}));
  // OpenSSL would take either list for clients of both.
  if (known > 1 && X509_CRL_get_ext_by_NID(crl, NID_authority_key_identifier, -1) < 0) {
    return RefuseFile(kList, file,
                      Concat({which,
                              " does not say which of the authorities of that name in "
                              "client_ca made it (expected an authority key identifier)"}));
  }
  const int64_t from = UnixTime(X509_CRL_get0_lastUpdate(crl));
  const int64_t to = UnixTime(X509_CRL_get0_nextUpdate(crl));
  const std::string dates = Concat({": last update ", UtcText(from), ", next update ",
                                    to == 0 ? "none" : UtcText(to), ", now ", UtcText(now)});
  if (now < from) return RefuseFile(kList, file, Concat({which, " is not valid yet", dates}));
  if (to == 0 || now <= to) return absl::OkStatus();
  if (config.client_crl_expired == TlsConfig::CrlExpired::kRefuse) {
    return RefuseFile(kList, file, Concat({which, " has expired", dates}));
  }
  Warn(kList, file, Concat({which, " has expired and is still used", dates}));
  return absl::OkStatus();
}

absl::Status ClientTrust::CheckCover(const TlsConfig& config, const std::vector<X509CrlPtr>& crls) {
  for (const Authority& authority : authorities_) {
    const X509* certificate = authority.certificate.get();
    const bool covered = std::any_of(crls.begin(), crls.end(), [&](const X509CrlPtr& crl) {
      return Issued(certificate, crl.get()) && Signed(certificate, crl.get());
    });
    const bool whole_chain = config.client_crl_check == TlsConfig::CrlCheck::kChain;
    const std::string subject = SubjectText(certificate);
    if (whole_chain && !HasIssuer(authority)) {
      return RefuseFile(kAuthority, authority.file,
                        Concat({"nobody in client_ca could have revoked ", subject,
                                ", so all its clients would be refused (expected its issuer in "
                                "client_ca too, or client_crl_check = \"leaf\")"}));
    }
    if (covered) continue;
    // An authority that only issued other authorities needs none for their clients.
    if (!whole_chain) {
      Warn(kAuthority, authority.file,
           Concat({"no list of ", subject,
                   " in client_crl: clients that it issued itself are refused"}));
      continue;
    }
    return RefuseFile(kAuthority, authority.file,
                      Concat({"no list of ", subject,
                              " in client_crl: all its clients would be refused (expected a list "
                              "of each authority, or client_crl_check = \"leaf\")"}));
  }
  return absl::OkStatus();
}

void ClientTrust::Warn(std::string_view what, std::string_view file, std::string_view text) {
  warnings_.push_back(Concat({what, " \"", file, "\": ", text}));
}

void ClientTrust::ApplyTo(SSL_CTX* context) const {
  SSL_CTX_set_verify(context, mode_, accept_expired_lists_ ? &AcceptExpiredList : nullptr);
  SSL_CTX_set1_verify_cert_store(context, store_.get());
  if (authorities_.empty()) return;
  STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
  for (const Authority& authority : authorities_) {
    X509_NAME* name = X509_NAME_dup(X509_get_subject_name(authority.certificate.get()));
    if (name != nullptr) sk_X509_NAME_push(names, name);
  }
  SSL_CTX_set_client_CA_list(context, names);
}

}  // namespace meshhost
