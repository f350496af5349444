// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host/config/schema.h"
#include "host/config/text_forms.h"

namespace meshhost {
namespace {

// The one key whose value is neither number nor text: a set of words.
SchemaKey Protocols(Reload reload, std::string_view text) {
  using Member = std::pair<std::string_view, bool ProtocolSet::*>;
  const std::vector<Member> members = {{"http1", &ProtocolSet::http1},
                                       {"http2", &ProtocolSet::http2},
                                       {"grpc", &ProtocolSet::grpc},
                                       {"websocket", &ProtocolSet::websocket}};
  SchemaKey key{"protocols", ValueKind::kList, {1, members.size()}, reload, text, "a protocol"};
  for (const Member& member : members) key.choices.push_back(member.first);
  key.get = [members](const void* from) {
    std::vector<std::string> words;
    for (const auto& [word, member] : members) {
      if (static_cast<const ListenerConfig*>(from)->protocols.*member) words.emplace_back(word);
    }
    return words;
  };
  key.set = [members](void* to, const ConfigValue& value, const ValueSource&) {
    const auto& words = std::get<std::vector<std::string>>(value);
    for (const auto& [word, member] : members) {
      static_cast<ListenerConfig*>(to)->protocols.*member =
          std::find(words.begin(), words.end(), word) != words.end();
    }
    return absl::OkStatus();
  };
  return key;
}

SchemaTable Sni() {
  using C = SniConfig;
  return ManyTable("sni", &TlsConfig::sni, "A certificate for some server names.",
                   {
                       ListKey("names", &C::names, ServerNameForm(), {1, 1000}, kHot,
                               "Server names; \"*.example\" covers one label.")
                           .Required(),
                       TextKey("certificate", &C::certificate, RequiredCredentialForm(), kHot,
                               "Certificate chain, PEM.")
                           .Required(),
                       TextKey("key", &C::key, RequiredCredentialForm(), kHot,
                               "Its private key, PEM; not readable by others.")
                           .Required(),
                   });
}

SchemaTable Tls() {
  using C = TlsConfig;
  using A = C::ClientAuth;
  using V = C::Version;
  return OptionalTable(
      "tls", &ListenerConfig::tls, "TLS of this listener; without it, plaintext.",
      {
          TextKey("certificate", &C::certificate, RequiredCredentialForm(), kHot,
                  "Certificate chain, PEM, leaf first.")
              .Required(),
          TextKey("key", &C::key, RequiredCredentialForm(), kHot,
                  "Its private key, PEM; not readable by others.")
              .Required(),
          ChoiceKey("client_auth", &C::client_auth,
                    {{"none", A::kNone}, {"request", A::kRequest}, {"require", A::kRequire}}, kHot,
                    "Client certificate: not asked for, checked if sent, or demanded."),
          FilesKey("client_ca", &C::client_ca, RequiredCredentialForm(), {0, 100}, kHot,
                   "CA certificates for client certificates, PEM; several while CAs overlap."),
          FilesKey("client_crl", &C::client_crl, RequiredFileForm(), {0, 100}, kHot,
                   "Revocation lists (CRL) for client certificates, PEM; then each CA needs one."),
          ChoiceKey("client_crl_check", &C::client_crl_check,
                    {{"chain", C::CrlCheck::kChain}, {"leaf", C::CrlCheck::kLeaf}}, kHot,
                    "Look up the client's certificate and its CAs, or the former alone."),
          ChoiceKey("client_crl_expired", &C::client_crl_expired,
                    {{"refuse", C::CrlExpired::kRefuse}, {"accept", C::CrlExpired::kAccept}}, kHot,
                    "A CRL past its next update: refuse clients (and to load it), or go on."),
          ChoiceKey("lost_names", &C::lost_names,
                    {{"refuse", C::LostNames::kRefuse}, {"warn", C::LostNames::kWarn}}, kHot,
                    "A reload whose certificates lack a server name served so far: refuse or "
                    "warn."),
          ChoiceKey("min_version", &C::min_version, {{"1.2", V::kTls12}, {"1.3", V::kTls13}}, kHot,
                    "Lowest TLS version.")
              .Edge(std::string("1.3")),
          FlagKey("session_tickets", &C::session_tickets, kHot, "Resume sessions by ticket."),
      },
      {Sni()});
}

}  // namespace

SchemaTable ListenerTable() {
  using C = ListenerConfig;
  return ManyTable(
      "listener", &Config::listeners, "A listening socket; at least one.",
      {
          TextKey("name", &C::name, IdentifierForm(), kHot, "Unique name, label of its metrics.")
              .Required(),
          TextKey(
              "address", &C::address, AddressForm(), kHot,
              "IP literal and port (0 = any free one), a unix socket, or the socket that systemd "
              "passes under a name.")
              .Required(),
          Protocols(kHot, "What it speaks: REST over http1, http2; grpc; websocket."),
          FlagKey("reuse_port", &C::reuse_port, kCold,
                  "One socket per worker (SO_REUSEPORT); false = one shared by all."),
          TextKey("unix_mode", &C::unix_mode, FileModeForm(), kHot,
                  "Access rights of a unix socket."),
          CountKey("max_connections", &C::max_connections, {0, kMillion}, kHot,
                   "Connections open at once; 0 = limits.max_connections alone."),
          FlagKey("allow_plaintext", &C::allow_plaintext, kHot,
                  "Accept plaintext TCP although the profile is \"production\"."),
      },
      {Tls()});
}

}  // namespace meshhost
