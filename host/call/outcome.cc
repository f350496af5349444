// SPDX-License-Identifier: Apache-2.0
#include "host/call/outcome.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace meshhost {
namespace {

struct CodeFacts {
  std::string_view name;
  int http_status;
};

// google/rpc/code.proto; 499 for CANCELLED as nginx and grpc-gateway have it.
constexpr std::array<CodeFacts, kCodeCount> kCodes = {{
    {"OK", 200},
    {"CANCELLED", 499},
    {"UNKNOWN", 500},
    {"INVALID_ARGUMENT", 400},
    {"DEADLINE_EXCEEDED", 504},
    {"NOT_FOUND", 404},
    {"ALREADY_EXISTS", 409},
    {"PERMISSION_DENIED", 403},
    {"RESOURCE_EXHAUSTED", 429},
    {"FAILED_PRECONDITION", 400},
    {"ABORTED", 409},
    {"OUT_OF_RANGE", 400},
    {"UNIMPLEMENTED", 501},
    {"INTERNAL", 500},
    {"UNAVAILABLE", 503},
    {"DATA_LOSS", 500},
    {"UNAUTHENTICATED", 401},
}};

constexpr std::array<ReasonFacts, static_cast<size_t>(Reason::kCount)> kReasons = {{
    {"", Code::kOk, 200, ""},
    {"ROUTE_NOT_FOUND", Code::kNotFound, 404, "no such resource"},
    {"METHOD_NOT_ALLOWED", Code::kUnimplemented, 405, "the resource does not have this method"},
    {"METHOD_UNIMPLEMENTED", Code::kUnimplemented, 404, "no such gRPC method"},
    {"MALFORMED_REQUEST", Code::kInvalidArgument, 400, "the request is malformed"},
    {"MALFORMED_MESSAGE", Code::kInvalidArgument, 400, "the message does not parse as its type"},
    {"HEADERS_TOO_LARGE", Code::kResourceExhausted, 431, "the header section is too large"},
    {"TARGET_TOO_LONG", Code::kInvalidArgument, 414, "the request target is too long"},
    {"HEADER_TIMEOUT", Code::kDeadlineExceeded, 408, "the header section took too long to arrive"},
    {"BODY_TOO_LARGE", Code::kResourceExhausted, 413, "the request body is too large"},
    {"BODY_TIMEOUT", Code::kDeadlineExceeded, 408, "the request body took too long to arrive"},
    {"MESSAGE_TOO_LARGE", Code::kResourceExhausted, 413, "the message is too large"},
    {"UNSUPPORTED_ENCODING", Code::kUnimplemented, 415, "the message encoding is not supported"},
    {"UNSUPPORTED_MEDIA_TYPE", Code::kInvalidArgument, 415, "the content type is not supported"},
    {"EXPECTATION_FAILED", Code::kFailedPrecondition, 417, "the expectation cannot be met"},
    {"NOT_AN_UPGRADE", Code::kFailedPrecondition, 426, "this resource speaks WebSocket only"},
    {"SUBPROTOCOL_MISMATCH", Code::kInvalidArgument, 400, "none of the subprotocols is served"},
    {"DEADLINE_EXCEEDED", Code::kDeadlineExceeded, 504, "the deadline passed"},
    {"STREAM_IDLE", Code::kDeadlineExceeded, 408, "the stream was idle for too long"},
    {"IN_FLIGHT_LIMIT", Code::kResourceExhausted, 503, "too many calls in flight"},
    {"MODULE_QUEUE_FULL", Code::kResourceExhausted, 503, "the module's queue is full"},
    {"MODULE_FAILED", Code::kInternal, 500, "the module failed"},
    {"MODULE_RETIRED", Code::kUnavailable, 503, "the module is being replaced"},
    {"MISDIRECTED_REQUEST", Code::kInvalidArgument, 421, "this connection does not serve the host"},
    {"PROTOCOL_NOT_SERVED", Code::kUnimplemented, 404, "the listener does not serve this protocol"},
    {"DRAINING", Code::kUnavailable, 503, "the host is stopping"},
    {"OUT_OF_MEMORY", Code::kResourceExhausted, 503, "the host is out of memory"},
    {"CREDENTIALS_MISSING", Code::kUnauthenticated, 401, "the call needs credentials"},
    {"CREDENTIALS_MALFORMED", Code::kUnauthenticated, 401, "the credentials are malformed"},
    {"TOKEN_SIGNATURE", Code::kUnauthenticated, 401, "the signature of the token is wrong"},
    {"TOKEN_ALGORITHM", Code::kUnauthenticated, 401, "the algorithm of the token is not accepted"},
    {"TOKEN_KEY_UNKNOWN", Code::kUnauthenticated, 401, "the key of the token is not known"},
    {"TOKEN_ISSUER", Code::kUnauthenticated, 401, "the issuer of the token is not accepted"},
    {"TOKEN_AUDIENCE", Code::kUnauthenticated, 401, "the token is for somebody else"},
    {"TOKEN_EXPIRED", Code::kUnauthenticated, 401, "the token has expired"},
    {"TOKEN_NOT_YET_VALID", Code::kUnauthenticated, 401, "the token is not valid yet"},
    {"TOKEN_REVOKED", Code::kUnauthenticated, 401, "the token was revoked"},
    {"TOKEN_TOO_LARGE", Code::kUnauthenticated, 401, "the token is too large"},
    {"KEYS_UNAVAILABLE", Code::kUnavailable, 503, "the keys of the issuer are not available"},
    {"API_KEY_UNKNOWN", Code::kUnauthenticated, 401, "the API key is not known"},
    {"API_KEY_EXPIRED", Code::kUnauthenticated, 401, "the API key has expired"},
    {"POLICY_DENIED", Code::kPermissionDenied, 403, "the caller may not do this"},
    {"FORWARDING_FORGED", Code::kInvalidArgument, 400, "the forwarding fields are malformed"},
    {"RATE_LIMITED", Code::kResourceExhausted, 429, "too many requests"},
    {"RATE_LIMIT_UNAVAILABLE", Code::kUnavailable, 503, "the rate cannot be checked now"},
    {"CONCURRENCY_LIMIT", Code::kResourceExhausted, 503, "too many calls at once"},
    {"OVERLOADED", Code::kUnavailable, 503, "the host is overloaded"},
    {"ORIGIN_DENIED", Code::kPermissionDenied, 403, "the origin is not allowed"},
    {"PREFLIGHT_DENIED", Code::kPermissionDenied, 403, "the cross-origin request is not allowed"},
    {"NOT_TRANSCODABLE", Code::kInvalidArgument, 400, "the request does not fit the method's type"},
    {"JSON_TOO_DEEP", Code::kInvalidArgument, 400, "the JSON document is nested too deeply"},
    {"MODULE_FILTER", Code::kPermissionDenied, 403, "a filter refused the call"},
}};

// RFC 9110 section 15, RFC 6585, RFC 8470; ascending.
constexpr std::pair<int, std::string_view> kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

}  // namespace

std::string_view CodeName(Code code) { return kCodes[static_cast<size_t>(code)].name; }

int HttpStatusOf(Code code) { return kCodes[static_cast<size_t>(code)].http_status; }

Code CodeOfHttpStatus(int http_status) {
  if (http_status >= 200 && http_status < 300) return Code::kOk;
  switch (http_status) {
    case 400:
      return Code::kInternal;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code::kUnavailable;
    default:
      return Code::kUnknown;
  }
}

std::string_view ReasonPhrase(int http_status) {
  const auto found =
      std::lower_bound(std::begin(kPhrases), std::end(kPhrases), http_status,
                       [](const auto& entry, int wanted) { return entry.first < wanted; });
  return found != std::end(kPhrases) && found->first == http_status ? found->second
                                                                    : std::string_view();
}

const ReasonFacts& FactsOf(Reason reason) { return kReasons[static_cast<size_t>(reason)]; }

Outcome Refusal(Reason reason, std::string_view message) {
  const ReasonFacts& facts = FactsOf(reason);
  Outcome outcome;
  outcome.code = facts.code;
  outcome.http_status = facts.http_status;
  outcome.reason = reason;
  outcome.message = message.empty() ? facts.detail : message;
  return outcome;
}

}  // namespace meshhost
