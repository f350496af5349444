// SPDX-License-Identifier: Apache-2.0
#include "host/call/outcome.h"

#include <array>

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
}};

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

// RFC 9110 section 15, RFC 6585, RFC 8470.
std::string_view ReasonPhrase(int http_status) {
  switch (http_status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
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
