// SPDX-License-Identifier: Apache-2.0
#include "host/http/problem_response.h"

#include <array>
#include <span>
#include <string>

#include "host/http/field_syntax.h"
#include "host/http/problem.h"

namespace meshhost {
namespace {

std::string TraceId(Exchange& exchange) {
  constexpr char kDigits[] = "0123456789abcdef";
  const std::array<uint8_t, 16>& id = exchange.trace().trace_id;
  std::string text;
  if (id == std::array<uint8_t, 16>{}) return text;
  for (const uint8_t byte : id) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

// Whole seconds (RFC 9110 section 10.2.3), not too early.
uint64_t SecondsOf(uint64_t ns) { return (ns + 999'999'999) / 1'000'000'000; }

std::span<const Header> ProblemHeaders(const Exchange& exchange, const Outcome& outcome) {
  Arena& arena = exchange.arena();
  // What a filter has to say beside the status: there is no body to put trailers behind.
  const std::span<const Header> more = SendableFields(outcome.trailers, arena);
  const std::span<Header> headers = arena.NewArray<Header>(5 + more.size());
  size_t n = 0;
  headers[n++] = {"content-type", kProblemType};
  const std::string_view allow = outcome.allow.empty() ? exchange.allow() : outcome.allow;
  if (outcome.reason == Reason::kMethodNotAllowed && !allow.empty()) {
    headers[n++] = {"allow", allow};
  }
  if (outcome.retry_after_ns != 0) {
    headers[n++] = {"retry-after", arena.Copy(std::to_string(SecondsOf(outcome.retry_after_ns)))};
  } else if (outcome.reason != Reason::kNone && FactsOf(outcome.reason).http_status == 503) {
    headers[n++] = {"retry-after", "1"};
  }
  if (outcome.reason == Reason::kNotAnUpgrade && exchange.head().version != HttpVersion::kHttp2) {
    headers[n++] = {"upgrade", "websocket"};
  }
  for (const Header& header : more) headers[n++] = header;
  return headers.first(n);
}

}  // namespace

size_t SendProblem(Transport& transport, Exchange& exchange, const Outcome& outcome) {
  const std::string body = ProblemJson(outcome, exchange.head().path, TraceId(exchange));
  const int status = ProblemStatus(outcome);
  exchange.set_http_status(status);
  transport.SendHead(status, exchange.WithResponseFields(ProblemHeaders(exchange, outcome)),
                     static_cast<int64_t>(body.size()));
  const bool bodyless = exchange.head().method == "HEAD";
  const Slice slices[] = {BorrowedSlice(body)};
  if (!bodyless) transport.SendBody(slices);
  transport.End({});
  return bodyless ? 0 : body.size();
}

}  // namespace meshhost
