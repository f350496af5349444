// SPDX-License-Identifier: Apache-2.0
#include "host/module/call_info.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/escaping.h"

namespace meshhost {
namespace {

constexpr std::string_view kSubprotocolField = "sec-websocket-protocol";

std::size_t CountValues(const Header& field) {
  return 1 + static_cast<std::size_t>(std::count(field.value.begin(), field.value.end(), ','));
}

bool IsBinary(const Header& field) { return field.name.ends_with("-bin"); }

// Binary metadata: base64 with or without padding; several values may have been joined by commas.
std::size_t AddBinary(const Header& field, Arena& arena, mh_kv* to) {
  std::size_t added = 0;
  std::string_view rest = field.value;
  for (std::size_t left = CountValues(field); left > 0; --left) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    std::string bytes;
    const bool decoded = absl::Base64Unescape({text.data(), text.size()}, &bytes);
    to[added++] = {ToAbi(field.name), ToAbi(decoded ? arena.Copy(bytes) : text)};
  }
  return added;
}

std::span<const mh_kv> MakeHeaders(const Exchange& exchange, Arena& arena) {
  const Kind kind = exchange.endpoint().kind;
  const std::span<const Header> fields = exchange.head().headers;
  std::size_t most = fields.size() + 1;
  for (const Header& field : fields) {
    if (kind == Kind::kGrpc && IsBinary(field)) most += CountValues(field);
  }
  const std::span<mh_kv> all = arena.NewArray<mh_kv>(most);
  std::size_t n = 0;
  for (const Header& field : fields) {
    if (kind == Kind::kWebSocket && field.name == kSubprotocolField) continue;
    if (kind == Kind::kGrpc && IsBinary(field)) {
      n += AddBinary(field, arena, &all[n]);
    } else {
      all[n++] = {ToAbi(field.name), ToAbi(field.value)};
    }
  }
  // What was agreed on, instead of what the client offered.
  if (!exchange.subprotocol().empty()) {
    all[n++] = {ToAbi(kSubprotocolField), ToAbi(exchange.subprotocol())};
  }
  return all.first(n);
}

std::span<const mh_kv> MakeParams(const Exchange& exchange, Arena& arena) {
  const std::span<mh_kv> all = arena.NewArray<mh_kv>(exchange.params().size());
  std::transform(exchange.params().begin(), exchange.params().end(), all.begin(),
                 [](const PathParam& param) {
                   return mh_kv{ToAbi(param.name), ToAbi(param.value)};
                 });
  return all;
}

const mh_peer* MakePeer(const Peer& peer, Arena& arena) {
  const std::span<mh_str> sans = arena.NewArray<mh_str>(peer.sans.size());
  std::transform(peer.sans.begin(), peer.sans.end(), sans.begin(),
                 [](const std::string& san) { return ToAbi(san); });
  auto* info = arena.New<mh_peer>();
  *info = {};
  info->size = sizeof(*info);
  info->verified = peer.verified ? 1 : 0;
  info->address = ToAbi(peer.address);
  info->tls_version = ToAbi(peer.tls_version);
  info->subject = ToAbi(peer.subject);
  info->issuer = ToAbi(peer.issuer);
  info->serial = ToAbi(peer.serial);
  info->spiffe_id = ToAbi(peer.spiffe_id);
  info->sans = sans.data();
  info->n_sans = sans.size();
  return info;
}

std::uint32_t ProtocolOf(Kind kind) {
  switch (kind) {
    case Kind::kGrpc:
      return MH_PROTOCOL_GRPC;
    case Kind::kHttp:
      return MH_PROTOCOL_HTTP;
    case Kind::kWebSocket:
      return MH_PROTOCOL_WEBSOCKET;
  }
  return 0;
}

}  // namespace

const mh_call_info* MakeCallInfo(Exchange& exchange, Arena& arena) {
  const RequestHead& head = exchange.head();
  auto* info = arena.New<mh_call_info>();
  *info = {};
  info->size = sizeof(*info);
  info->protocol = ProtocolOf(exchange.endpoint().kind);
  // An RFC 8441 handshake says CONNECT; modules see one WebSocket handshake, whatever the version.
  info->verb = ToAbi(exchange.endpoint().kind == Kind::kWebSocket ? "GET" : head.method);
  info->method = ToAbi(exchange.endpoint().name);
  info->path = ToAbi(head.path);
  info->query = ToAbi(head.query);
  info->authority = ToAbi(head.authority);
  info->scheme = ToAbi(head.scheme);
  info->identity = ToAbi(exchange.identity());
  info->deadline_ns = exchange.deadline_ns();
  const TraceContext& trace = exchange.trace();
  std::memcpy(info->trace_id, trace.trace_id.data(), sizeof(info->trace_id));
  std::memcpy(info->span_id, trace.span_id.data(), sizeof(info->span_id));
  info->trace_flags = trace.flags;
  const std::span<const mh_kv> headers = MakeHeaders(exchange, arena);
  info->headers = headers.data();
  info->n_headers = headers.size();
  const std::span<const mh_kv> params = MakeParams(exchange, arena);
  info->params = params.data();
  info->n_params = params.size();
  info->peer = MakePeer(exchange.peer(), arena);
  return info;
}

}  // namespace meshhost
