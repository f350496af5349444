// SPDX-License-Identifier: Apache-2.0
#include "host/call/endpoint.h"

#include "host/base/concat.h"

namespace meshhost {

std::string LabelOf(const Endpoint& endpoint) {
  switch (endpoint.kind) {
    case Kind::kGrpc:
      return endpoint.name;
    case Kind::kHttp:
      return Concat({endpoint.verb, " ", endpoint.name});
    case Kind::kWebSocket:
      return Concat({"WS ", endpoint.name});
  }
  return endpoint.name;
}

}  // namespace meshhost
