// SPDX-License-Identifier: Apache-2.0
//
// How a call ends. A refusal by the host is a value with a stable reason code; each protocol turns
// it into its own words in one place (problem+json, gRPC status with ErrorInfo, WebSocket close).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "host/call/request.h"

namespace meshhost {

// google.rpc.Code.
enum class Code : uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};
inline constexpr int kCodeCount = 17;

// "OK", "NOT_FOUND", ...
std::string_view CodeName(Code code);
// The HTTP status that google.rpc.Code documents for the code; 200 for kOk.
int HttpStatusOf(Code code);
// The gRPC code that a plain HTTP status stands for (gRPC "HTTP to gRPC Status Code Mapping").
Code CodeOfHttpStatus(int http_status);
// "Not Found"; empty for statuses without a registered phrase.
std::string_view ReasonPhrase(int http_status);

// Why the host itself refused or ended a call. Names are stable: they appear in bodies, status
// details, logs and metrics. kNone: the module's own answer.
enum class Reason : uint8_t {
  kNone,
  kRouteNotFound,
  kMethodNotAllowed,
  kMethodUnimplemented,
  kMalformedRequest,
  kMalformedMessage,
  kHeadersTooLarge,
  kTargetTooLong,
  kHeaderTimeout,
  kBodyTooLarge,
  kBodyTimeout,
  kMessageTooLarge,
  kUnsupportedEncoding,
  kUnsupportedMediaType,
  kExpectationFailed,
  kNotAnUpgrade,
  kSubprotocolMismatch,
  kDeadlineExceeded,
  kStreamIdle,
  kInFlightLimit,
  kModuleQueueFull,
  kModuleFailed,
  kModuleRetired,
  kMisdirectedRequest,
  kProtocolNotServed,
  kDraining,
  kOutOfMemory,
  // Who calls.
  kCredentialsMissing,
  kCredentialsMalformed,
  kTokenSignature,
  kTokenAlgorithm,
  kTokenKeyUnknown,
  kTokenIssuer,
  kTokenAudience,
  kTokenExpired,
  kTokenNotYetValid,
  kTokenRevoked,
  kTokenTooLarge,
  kKeysUnavailable,
  kApiKeyUnknown,
  kApiKeyExpired,
  kPolicyDenied,
  kForwardingForged,
  // How much.
  kRateLimited,
  kRateLimitUnavailable,
  kConcurrencyLimit,
  kOverloaded,
  // How.
  kOriginDenied,
  kPreflightDenied,
  kNotTranscodable,
  kJsonTooDeep,
  kModuleFilter,
  kCount,
};

struct ReasonFacts {
  std::string_view name;  // "ROUTE_NOT_FOUND"
  Code code;
  int http_status;
  std::string_view detail;  // default text for the peer
};
const ReasonFacts& FactsOf(Reason reason);

// Borrowed views: valid for the call that passes it.
struct Outcome {
  Code code = Code::kOk;
  int http_status = 0;  // 0: derived from code; WebSocket: close code, 0 = derived from code
  Reason reason = Reason::kNone;
  std::string_view message;  // shown to the peer
  std::string_view details;  // serialized google.rpc.Status, gRPC only
  std::span<const Header> trailers;
  std::string_view allow;       // value of the Allow field with kMethodNotAllowed
  uint64_t retry_after_ns = 0;  // when to try again: Retry-After, RetryInfo; 0: not said
};

// The outcome for a refusal by the host; message empty = the reason's default text.
Outcome Refusal(Reason reason, std::string_view message = {});

// What remains of an outcome once the call is over, for filters, logs and metrics.
struct Final {
  Code code = Code::kOk;
  Reason reason = Reason::kNone;
  int http_status = 0;         // as sent; WebSocket: close code
  uint64_t request_bytes = 0;  // payload, as framed by the protocol's messages
  uint64_t response_bytes = 0;
  uint32_t request_messages = 0;
  uint32_t response_messages = 0;
  bool delivered = false;  // the response left completely, as far as the host can tell
};

}  // namespace meshhost
