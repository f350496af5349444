// SPDX-License-Identifier: Apache-2.0
//
// What a request says, and who sent it, independent of HTTP version.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshhost {

// A header or trailer field. Names are lower case.
struct Header {
  std::string_view name;
  std::string_view value;
};

enum class HttpVersion : uint8_t { kHttp1_0, kHttp1_1, kHttp2 };

struct Outcome;

// A request line and header section. Plain views into the call's arena; filled by the session.
struct RequestHead {
  HttpVersion version = HttpVersion::kHttp1_1;
  std::string_view method;
  std::string_view scheme;     // "http" or "https"
  std::string_view authority;  // :authority or Host
  std::string_view path;       // as received, without query; starts with '/', or is "*"
  std::string_view query;      // without '?'
  // HTTP/2 extended CONNECT (RFC 8441) ":protocol"; empty otherwise.
  std::string_view connect_protocol;
  std::string_view content_type;
  std::optional<uint64_t> content_length;
  std::span<const Header> headers;  // without pseudo-headers
  // Set when the session found the head malformed or over a limit: what the call is to be answered
  // with. The other fields are then as far as they could be read.
  const Outcome* refusal = nullptr;

  // First field of that lower-case name; null when absent.
  const Header* Find(std::string_view name) const {
    for (const Header& header : headers) {
      if (header.name == name) return &header;
    }
    return nullptr;
  }
};

// The other end of one connection. Immutable once the connection serves; shared by its calls, which
// may outlive it. The count is not atomic: all holders live on the connection's worker.
struct Peer final : boost::intrusive_ref_counter<Peer, boost::thread_unsafe_counter> {
  std::string listener;  // name in the configuration
  uint64_t listener_id = 0;
  // What the listener may serve (ProtocolSet).
  bool serves_http1 = true;
  bool serves_http2 = true;
  bool serves_grpc = true;
  bool serves_websocket = true;
  std::string address;  // "192.0.2.7:41234", "[2001:db8::1]:41234", "unix:"
  bool tls = false;
  bool verified = false;    // presented a client certificate that verified
  std::string tls_version;  // "TLSv1.3"
  std::string subject;      // RFC 2253
  std::string issuer;       // RFC 2253
  std::string serial;       // hex
  std::string spiffe_id;
  std::vector<std::string> sans;  // "DNS:a", "URI:b", "IP:c", "email:d"

  // Who calls, as far as the connection proves it: SPIFFE id, else subject, else empty.
  std::string_view identity() const {
    if (!verified) return {};
    return spiffe_id.empty() ? std::string_view(subject) : std::string_view(spiffe_id);
  }
};
using PeerRef = boost::intrusive_ptr<const Peer>;

}  // namespace meshhost
