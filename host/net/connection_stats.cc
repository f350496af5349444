// SPDX-License-Identifier: Apache-2.0
#include "host/net/connection_stats.h"

namespace meshhost {

std::string_view HandshakeFailureName(HandshakeFailure failure) {
  switch (failure) {
    case HandshakeFailure::kTimeout:
      return "timeout";
    case HandshakeFailure::kClosed:
      return "closed";
    case HandshakeFailure::kNoCertificate:
      return "no_certificate";
    case HandshakeFailure::kUntrusted:
      return "untrusted";
    case HandshakeFailure::kExpired:
      return "expired";
    case HandshakeFailure::kWrongPurpose:
      return "wrong_purpose";
    case HandshakeFailure::kRevoked:
      return "revoked";
    case HandshakeFailure::kNoCrl:
      return "no_crl";
    case HandshakeFailure::kProtocol:
      return "protocol";
    case HandshakeFailure::kOther:
    case HandshakeFailure::kCount:
      break;
  }
  return "other";
}

}  // namespace meshhost
