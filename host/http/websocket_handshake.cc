// SPDX-License-Identifier: Apache-2.0
#include "host/http/websocket_handshake.h"

#include <algorithm>

#include "host/http/field_syntax.h"

namespace meshhost {
namespace {

// All values of a field as one list; a repeated field means the same as one with commas.
std::string_view Joined(const RequestHead& head, std::string_view name, Arena& arena) {
  std::string_view all;
  std::string joined;
  for (const Header& header : head.headers) {
    if (header.name != name) continue;
    if (all.empty()) {
      all = header.value;
      continue;
    }
    if (joined.empty()) joined = all;
    joined.append(", ").append(header.value);
  }
  return joined.empty() ? all : arena.Copy(joined);
}

size_t CountOf(const RequestHead& head, std::string_view name) {
  return static_cast<size_t>(
      std::count_if(head.headers.begin(), head.headers.end(),
                    [name](const Header& header) { return header.name == name; }));
}

std::string_view ValueOf(const RequestHead& head, std::string_view name) {
  const Header* const header = head.Find(name);
  return header != nullptr ? header->value : std::string_view();
}

// 16 bytes in base64: 22 digits, of which the last has two bits, and padding.
bool IsKey(std::string_view key) {
  const auto digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  return key.size() == 24 && key.ends_with("==") &&
         std::all_of(key.begin(), key.begin() + 22, digit) &&
         std::string_view("AQgw").find(key[21]) != std::string_view::npos;
}

bool AreTokens(std::string_view list) {
  while (true) {
    const size_t comma = list.find(',');
    if (!IsToken(TrimWhitespace(list.substr(0, comma)))) return false;
    if (comma == list.npos) return true;
    list.remove_prefix(comma + 1);
  }
}

// Subprotocol names are case-sensitive.
bool Offers(std::string_view list, std::string_view name) {
  while (true) {
    const size_t comma = list.find(',');
    if (TrimWhitespace(list.substr(0, comma)) == name) return true;
    if (comma == list.npos) return false;
    list.remove_prefix(comma + 1);
  }
}

std::string_view WhatIsWrong(const RequestHead& head) {
  if (head.version == HttpVersion::kHttp2) return {};
  if (head.version != HttpVersion::kHttp1_1 || head.method != "GET") {
    return "a WebSocket handshake is a GET of HTTP/1.1";
  }
  if (!IsWebSocketUpgrade(ValueOf(head, "upgrade"))) return "Upgrade does not name websocket";
  const bool upgrade =
      std::any_of(head.headers.begin(), head.headers.end(), [](const Header& header) {
        return header.name == "connection" && ListContains(header.value, "upgrade");
      });
  if (!upgrade) return "Connection does not name upgrade";
  if (head.content_length.value_or(0) > 0 || head.Find("transfer-encoding") != nullptr) {
    return "a WebSocket handshake has no body";
  }
  const bool key = CountOf(head, "sec-websocket-key") == 1;
  if (!key || !IsKey(ValueOf(head, "sec-websocket-key"))) return "Sec-WebSocket-Key is malformed";
  return {};
}

}  // namespace

bool IsWebSocketUpgrade(std::string_view upgrade) { return ListContains(upgrade, "websocket"); }

WebSocketHandshake ReadHandshake(const RequestHead& head, std::span<const std::string> subprotocols,
                                 Arena& arena) {
  WebSocketHandshake handshake;
  handshake.why = WhatIsWrong(head);
  if (!handshake.why.empty()) {
    handshake.refusal = Reason::kMalformedRequest;
    return handshake;
  }
  const bool version = CountOf(head, "sec-websocket-version") == 1;
  if (!version || ValueOf(head, "sec-websocket-version") != "13") {
    return {.refusal = Reason::kNotAnUpgrade,
            .why = "only version 13 of WebSocket is served",
            .other_version = true};
  }
  handshake.key = ValueOf(head, "sec-websocket-key");
  handshake.extensions = Joined(head, "sec-websocket-extensions", arena);
  const std::string_view offered = Joined(head, "sec-websocket-protocol", arena);
  if (offered.empty()) return handshake;
  if (!AreTokens(offered)) {
    return {.refusal = Reason::kMalformedRequest, .why = "Sec-WebSocket-Protocol is malformed"};
  }
  for (const std::string& name : subprotocols) {
    if (!Offers(offered, name)) continue;
    handshake.subprotocol = name;
    return handshake;
  }
  if (!subprotocols.empty()) handshake.refusal = Reason::kSubprotocolMismatch;
  return handshake;
}

}  // namespace meshhost
