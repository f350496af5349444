// SPDX-License-Identifier: Apache-2.0
#include "host/net/tls_rehearsal.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/net/tls_changes.h"
#include "host/net/tls_pem.h"

namespace meshhost {
namespace {

using ServerCertificate = TlsContext::ServerCertificate;

constexpr std::string_view kDns = "DNS:";
// A handshake takes two or three rounds; a bound, should OpenSSL ever ask for more for ever.
constexpr int kMaxRounds = 20;

std::vector<std::string> DnsNames(const X509* certificate) {
  std::vector<std::string> names;
  for (const std::string& san : SubjectAltNames(certificate)) {
    if (!san.starts_with(kDns)) continue;
    std::string name = san.substr(kDns.size());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    names.push_back(std::move(name));
  }
  return names;
}

// A name that clients could ask for under the pattern.
std::string Concrete(const std::string& pattern) {
  return pattern.starts_with("*.") ? "rehearsal" + pattern.substr(1) : pattern;
}

// As clients compare. OpenSSL would not take "*.example", others do.
bool Names(const X509* certificate, const std::string& name) {
  const std::vector<std::string> own = DnsNames(certificate);
  return std::any_of(own.begin(), own.end(),
                     [&](const std::string& pattern) { return ServerNameMatches(pattern, name); });
}

// Is there a concrete name under the pattern that the certificate has? A certificate for "a.x" may
// well stand behind "*.x".
std::optional<std::string> NameUnder(const std::string& pattern, const X509* certificate) {
  if (Names(certificate, Concrete(pattern))) return Concrete(pattern);
  for (const std::string& name : DnsNames(certificate)) {
    if (ServerNameMatches(pattern, name)) return name;
  }
  return std::nullopt;
}

// One client against one server, both in memory. Lives on the stack.
class Handshake final {
 public:
  absl::Status Run(const TlsContext& tls, const ServerCertificate& server, const std::string& name,
                   int version) {
    RETURN_IF_ERROR(Connect(tls, server, name, version));
    for (int round = 0; round < kMaxRounds; ++round) {
      const int client = Step(client_.get());
      const int answer = Step(server_.get());
      if (client == SSL_ERROR_NONE && answer == SSL_ERROR_NONE) return absl::OkStatus();
      if (Failed(client)) return Refuse(server, name, version);
      if (Failed(answer)) return Refuse(server, name, version);
    }
    return RefuseFile("certificate", server.chain.certificate_file, "the rehearsal does not end");
  }

 private:
  absl::Status Connect(const TlsContext& tls, const ServerCertificate& server,
                       const std::string& name, int version) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    server_ = tls.NewSession();
    if (context_ == nullptr || server_ == nullptr) return NoMemory();
    SSL_CTX_set_security_level(context_.get(), 2);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    X509_STORE* store = SSL_CTX_get_cert_store(context_.get());
    X509_STORE_add_cert(store, server.chain.top());
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    client_.reset(SSL_new(context_.get()));
    BIO* left = nullptr;
    BIO* right = nullptr;
    if (client_ == nullptr || BIO_new_bio_pair(&left, 0, &right, 0) != 1) return NoMemory();
    SSL_set_bio(client_.get(), left, left);
    SSL_set_bio(server_.get(), right, right);
    SSL_set_connect_state(client_.get());
    if (!name.empty()) SSL_set_tlsext_host_name(client_.get(), name.c_str());
    // The client that rehearses has no certificate; whom the server believes is not its subject.
    SSL_set_verify(server_.get(), SSL_VERIFY_NONE, nullptr);
    return absl::OkStatus();
  }

  int Step(SSL* ssl) {
    if (SSL_is_init_finished(ssl) == 1) return SSL_ERROR_NONE;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl);
    const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, result);
    if (Failed(error)) reason_ = OpenSslReason();
    return error;
  }

  static bool Failed(int error) {
    return error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
  }

  absl::Status Refuse(const ServerCertificate& server, const std::string& name, int version) {
    const long verified = SSL_get_verify_result(client_.get());
    const std::string why =
        verified == X509_V_OK ? reason_ : X509_verify_cert_error_string(verified);
    const std::string asked = name.empty() ? "" : Concat({" that asks for \"", name, "\""});
    return RefuseFile("certificate", server.chain.certificate_file,
                      Concat({"a ", version == TLS1_3_VERSION ? "TLS 1.3" : "TLS 1.2", " client",
                              asked, " refuses it: ", why}));
  }

  static absl::Status NoMemory() {
    return absl::ResourceExhaustedError(Concat({"TLS rehearsal: ", OpenSslReason()}));
  }

  SslCtxPtr context_;
  SslPtr client_;
  SslPtr server_;
  std::string reason_;
};

// The names that clients ask for to get this certificate; an empty one: it is shown without asking.
absl::StatusOr<std::vector<std::string>> NamesToRehearse(const TlsContext& tls,
                                                         const ServerCertificate& server) {
  const std::vector<std::string> own = DnsNames(server.chain.leaf());
  // Identified by something else, as a SPIFFE id: clients do not compare names.
  if (own.empty()) return std::vector<std::string>{""};
  std::vector<std::string> names;
  if (server.names.empty()) {
    for (const std::string& pattern : own) names.push_back(Concrete(pattern));
    std::erase_if(names,
                  [&](const std::string& name) { return &tls.CertificateFor(name) != &server; });
    names.resize(1);
    return names;
  }
  for (const std::string& pattern : server.names) {
    const std::optional<std::string> name = NameUnder(pattern, server.chain.leaf());
    if (name) {
      names.push_back(*name);
      continue;
    }
    std::string list;
    for (const std::string& one : own) list += Concat({list.empty() ? "" : ", ", one});
    return RefuseFile("certificate", server.chain.certificate_file,
                      Concat({"it is not for the server name \"", pattern,
                              "\" that the configuration gives it (it is for ", list, ")"}));
  }
  return names;
}

absl::Status RehearseHandshakes(const TlsContext& next, TlsRehearsal& result) {
  for (const ServerCertificate& server : next.server_certificates()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesToRehearse(next, server));
    for (const std::string& name : names) {
      // Another entry may answer to the name; that one is rehearsed there.
      if (!name.empty() && &next.CertificateFor(name) != &server) continue;
      for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        if (version == TLS1_2_VERSION && next.min_version() == TlsConfig::Version::kTls13) continue;
        RETURN_IF_ERROR(Handshake().Run(next, server, name, version));
        ++result.handshakes;
      }
    }
  }
  return absl::OkStatus();
}

// The new chain ends below an issuer whose certificate is sent now: clients that know only the root
// could not follow. Usually a chain file that somebody is still writing.
absl::Status CheckChainKept(const ServerCertificate& now, const ServerCertificate& next) {
  for (const X509Ptr& issuer : now.chain.certificates) {
    if (IsSelfSigned(issuer.get()) || IsSelfSigned(next.chain.top()) ||
        X509_check_issued(issuer.get(), next.chain.top()) != X509_V_OK) {
      continue;
    }
    return RefuseFile("certificate", next.chain.certificate_file,
                      Concat({"incomplete chain: the certificate of its issuer (",
                              SubjectText(issuer.get()), ") is sent now and would be missing"}));
  }
  return absl::OkStatus();
}

// DNS names that clients get a fitting certificate for.
bool Serves(const TlsContext& tls, const std::string& name) {
  return Names(tls.CertificateFor(name).chain.leaf(), name);
}

// Did the configuration itself give up this entry?
bool Dropped(const ServerCertificate& now, const TlsContext& next) {
  if (now.names.empty()) return false;
  return std::none_of(now.names.begin(), now.names.end(), [&](const std::string& pattern) {
    return !next.CertificateFor(Concrete(pattern)).names.empty();
  });
}

std::set<std::string> LostNames(const TlsContext& current, const TlsContext& next) {
  std::set<std::string> lost;
  for (const ServerCertificate& server : current.server_certificates()) {
    if (Dropped(server, next)) continue;
    for (const std::string& pattern : DnsNames(server.chain.leaf())) {
      const std::string name = Concrete(pattern);
      if (Serves(current, name) && !Serves(next, name)) lost.insert(pattern);
    }
  }
  return lost;
}

absl::Status CheckNamesKept(const TlsContext& next, const TlsContext& current,
                            TlsRehearsal& result) {
  std::string list;
  std::string file;
  for (const std::string& name : LostNames(current, next)) {
    if (file.empty()) file = next.CertificateFor(Concrete(name)).chain.certificate_file;
    list += Concat({list.empty() ? "" : ", ", name});
  }
  if (list.empty()) return absl::OkStatus();
  const absl::Status lost = RefuseFile(
      "certificate", file, Concat({"server names that are served now would be lost: ", list}));
  if (next.lost_names() == TlsConfig::LostNames::kRefuse) {
    return absl::InvalidArgumentError(
        Concat({std::string(lost.message()), " (lost_names = \"warn\" allows it)"}));
  }
  result.warnings.emplace_back(lost.message());
  return absl::OkStatus();
}

// CRL numbers only grow; hexadecimal of either parity, without leading zeros otherwise.
bool IsOlder(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

void WarnOfOlderLists(TlsRehearsal& result) {
  for (const CertificateChange& change : result.changes) {
    if (change.kind != CertificateChange::Kind::kReplaced) continue;
    if (change.after.role != CertificateFacts::Role::kCrl || change.after.serial.empty()) continue;
    if (!IsOlder(change.after.serial, change.before.serial)) continue;
    result.warnings.push_back(Concat(
        {"client_crl \"", change.after.file, "\": the list of ", change.after.subject,
         " is older than the one in use: ", change.after.serial, " after ", change.before.serial}));
  }
}

}  // namespace

absl::StatusOr<TlsRehearsal> Rehearse(const TlsContext& next, const TlsContext* current) {
  TlsRehearsal result;
  RETURN_IF_ERROR(RehearseHandshakes(next, result));
  if (current == nullptr) return result;
  result.changes = ChangesBetween(current->certificates(), next.certificates());
  for (const ServerCertificate& now : current->server_certificates()) {
    for (const ServerCertificate& server : next.server_certificates()) {
      if (now.slot() == server.slot()) RETURN_IF_ERROR(CheckChainKept(now, server));
    }
  }
  RETURN_IF_ERROR(CheckNamesKept(next, *current, result));
  WarnOfOlderLists(result);
  return result;
}

}  // namespace meshhost
