// SPDX-License-Identifier: Apache-2.0
//
// Who calls, as the host verified it. What a peer merely says about itself never gets here.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meshhost {

// A statement about the caller that its issuer signed. Nested claims have a path: "realm.roles".
struct Claim {
  std::string name;
  std::string value;  // the text of a string; else JSON
};

// Immutable once it is in use. The count is not atomic: all holders live on one worker, so what is
// shared by all workers (API keys) exists once for each.
struct Identity final : boost::intrusive_ref_counter<Identity, boost::thread_unsafe_counter> {
  enum class Source : uint8_t { kCertificate, kToken, kApiKey };

  Source source = Source::kCertificate;
  // Unique among the callers of all sources and stable over connections: the SPIFFE id or subject
  // of a certificate, "ISSUER_NAME/sub" of a token, the configured name of an API key.
  std::string name;
  std::string issuer;   // as configured ("corp"), or the subject of the CA
  std::string subject;  // "sub" of a token, subject of a certificate
  std::string tenant;   // empty: none
  std::vector<std::string> roles;
  std::vector<Claim> claims;
  uint64_t name_hash = 0;     // of `name`, seeded by the process: key of limits
  uint64_t expires_unix = 0;  // seconds; 0: with the connection

  bool HasRole(std::string_view role) const {
    for (const std::string& own : roles) {
      if (own == role) return true;
    }
    return false;
  }
  // Null: not stated.
  const std::string* FindClaim(std::string_view claim) const {
    for (const Claim& own : claims) {
      if (own.name == claim) return &own.value;
    }
    return nullptr;
  }
};
using IdentityRef = boost::intrusive_ptr<const Identity>;

}  // namespace meshhost
