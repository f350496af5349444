// SPDX-License-Identifier: Apache-2.0
//
// Arbitrary header lines of a WebSocket handshake: what is accepted has a key
// of 16 bytes and a subprotocol that the route speaks.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "host/http/websocket_handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meshhost;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<Header> headers;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const size_t colon = line.find(':');
    if (colon != line.npos) headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
  }
  RequestHead head;
  head.method = "GET";
  head.headers = headers;
  Arena arena;
  const std::vector<std::string> subprotocols = {"v2.chat", "v1.chat"};
  const WebSocketHandshake handshake = ReadHandshake(head, subprotocols, arena);
  if (handshake.refusal != Reason::kNone) return 0;
  if (handshake.key.size() != 24) std::abort();
  const bool known = handshake.subprotocol.empty() || handshake.subprotocol == "v2.chat" ||
                     handshake.subprotocol == "v1.chat";
  if (!known) std::abort();
  return 0;
}
