// SPDX-License-Identifier: Apache-2.0
#include "host/http/websocket_close.h"

namespace meshhost {
namespace {

// IANA WebSocket Close Code Number Registry.
constexpr uint16_t kNormal = 1000;
constexpr uint16_t kGoingAway = 1001;
constexpr uint16_t kInvalidData = 1007;
constexpr uint16_t kPolicy = 1008;
constexpr uint16_t kTooBig = 1009;
constexpr uint16_t kInternal = 1011;
constexpr uint16_t kServiceRestart = 1012;
constexpr uint16_t kTryAgainLater = 1013;
constexpr size_t kMaxReason = 123;

// Some codes only describe how a connection ended and are never sent.
bool MayBeSent(int code) {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= kTryAgainLater && code != 1004 && code != 1005 && code != 1006;
}

uint16_t CodeOfReason(Reason reason) {
  switch (reason) {
    case Reason::kDraining:
    case Reason::kStreamIdle:
      return kGoingAway;
    case Reason::kModuleRetired:
      return kServiceRestart;
    case Reason::kMessageTooLarge:
    case Reason::kBodyTooLarge:
      return kTooBig;
    case Reason::kMalformedMessage:
      return kInvalidData;
    case Reason::kInFlightLimit:
    case Reason::kModuleQueueFull:
    case Reason::kOutOfMemory:
      return kTryAgainLater;
    case Reason::kModuleFailed:
      return kInternal;
    default:
      return kPolicy;
  }
}

// Length of the character that starts here (Unicode table 3-7); 0 when it is malformed.
size_t CharacterLength(std::string_view text) {
  const auto at = [text](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto within = [&at](size_t i, int low, int high) { return at(i) >= low && at(i) <= high; };
  const int lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const int low = lead == 0xE0 ? 0xA0 : 0x80;
    const int high = lead == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead < 0xF0 || lead > 0xF4) return 0;
  const int low = lead == 0xF0 ? 0x90 : 0x80;
  const int high = lead == 0xF4 ? 0x8F : 0xBF;
  return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
}

}  // namespace

uint16_t CloseCodeOf(const Outcome& outcome, Reason leaving) {
  // The handler goes because it was told to: why, the host knows better.
  if (outcome.http_status == kGoingAway && leaving != Reason::kNone) return CodeOfReason(leaving);
  if (outcome.http_status >= 1000) {
    return MayBeSent(outcome.http_status) ? static_cast<uint16_t>(outcome.http_status) : kInternal;
  }
  if (outcome.reason != Reason::kNone) return CodeOfReason(outcome.reason);
  switch (outcome.code) {
    case Code::kOk:
      return leaving == Reason::kNone ? kNormal : CodeOfReason(leaving);
    case Code::kInvalidArgument:
      return kInvalidData;
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return kPolicy;
    case Code::kResourceExhausted:
    case Code::kUnavailable:
      return kTryAgainLater;
    default:
      return kInternal;
  }
}

std::string_view CloseReasonOf(std::string_view text) {
  size_t n = 0;
  while (n < text.size()) {
    const size_t length = CharacterLength(text.substr(n));
    if (length == 0) return {};
    if (n + length > kMaxReason) break;
    n += length;
  }
  return text.substr(0, n);
}

}  // namespace meshhost
