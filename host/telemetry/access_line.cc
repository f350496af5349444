// SPDX-License-Identifier: Apache-2.0
//
// Formatting runs on the worker, for every request, so it writes digits and literals straight into
// the worker's buffer: no format strings, no allocation, one copy. What an endpoint always says is
// rendered once. Each text that a peer chose has a limit, so the line has one.
#include "host/telemetry/access_line.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "host/telemetry/json_text.h"

namespace meshhost {
namespace {

constexpr std::size_t kMaxPath = 1024;
constexpr std::size_t kMaxText = 256;
constexpr std::size_t kMaxEndpoint = 4096;
constexpr std::size_t kTexts = 5;         // method, listener, peer, user, request id
constexpr std::size_t kFixedParts = 700;  // names, numbers, time stamp, trace and span id
static_assert(kMaxEndpoint + (kMaxPath + kTexts * kMaxText) * kMaxJsonEscape + kFixedParts <
              kMaxAccessLine);
static_assert(2 * (kMaxText * kMaxJsonEscape + 16) < kMaxEndpoint);

// Writes parts of a line one after the other.
class Line {
 public:
  explicit Line(char* out) : at_(out) {}

  Line& Literal(std::string_view text) {
    if (text.empty()) return *this;  // memcpy wants a pointer even for no bytes
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  template <typename Integer>
  Line& Number(Integer value) {
    at_ = std::to_chars(at_, at_ + 24, value).ptr;
    return *this;
  }
  // Nanoseconds as seconds with six decimals.
  Line& Seconds(std::uint64_t ns) {
    Number(ns / 1'000'000'000);
    *at_++ = '.';
    auto micros = static_cast<std::uint32_t>(ns % 1'000'000'000 / 1000);
    for (int i = 6; i-- > 0; micros /= 10) at_[i] = static_cast<char>('0' + micros % 10);
    at_ += 6;
    return *this;
  }
  // `name` with quotes and colon, as in "\"peer\":\"". Nothing when the value is empty.
  Line& Text(std::string_view name, std::string_view value, std::size_t limit) {
    if (value.empty()) return *this;
    Literal(name);
    at_ = WriteJsonText(at_, value.substr(0, limit));
    return Literal("\"");
  }
  Line& Hex(std::string_view name, std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return *this;
    constexpr char kDigits[] = "0123456789abcdef";
    Literal(name);
    for (std::uint8_t byte : bytes) {
      *at_++ = kDigits[byte >> 4];
      *at_++ = kDigits[byte & 15];
    }
    return Literal("\"");
  }
  Line& Time(Timestamp& timestamp, std::uint64_t wall_ns) {
    at_ = timestamp.Write(at_, wall_ns);
    return *this;
  }
  char* end() const { return at_; }

 private:
  char* at_;
};

std::string_view ProtocolOf(const AccessRecord& record) {
  if (record.kind == Kind::kGrpc) return "\",\"proto\":\"grpc\",";
  if (record.kind == Kind::kWebSocket) return "\",\"proto\":\"websocket\",";
  switch (record.version) {
    case HttpVersion::kHttp1_0:
      return "\",\"proto\":\"http/1.0\",";
    case HttpVersion::kHttp1_1:
      return "\",\"proto\":\"http/1.1\",";
    case HttpVersion::kHttp2:
      break;
  }
  return "\",\"proto\":\"http/2\",";
}

void AppendText(std::string& fragment, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  value = value.substr(0, kMaxText);
  std::string escaped(value.size() * kMaxJsonEscape, '\0');
  escaped.resize(static_cast<std::size_t>(WriteJsonText(escaped.data(), value) - escaped.data()));
  fragment.append("\"").append(name).append("\":\"").append(escaped).append("\",");
}

}  // namespace

std::string RenderAccessEndpoint(const Endpoint& endpoint) {
  std::string fragment;
  AppendText(fragment, endpoint.kind == Kind::kGrpc ? "rpc" : "route", endpoint.name);
  AppendText(fragment, "module", endpoint.module);
  return fragment;
}

char* WriteAccessLine(char* out, Timestamp& timestamp, const AccessRecord& record) {
  const Final& final = *record.final;
  Line line(out);
  line.Literal("{\"ts\":\"").Time(timestamp, record.wall_ns).Literal(ProtocolOf(record));
  line.Literal(record.endpoint);
  line.Literal("\"status\":").Number(final.http_status);
  line.Text(",\"method\":\"", record.method, kMaxText);
  line.Text(",\"path\":\"", record.path, kMaxPath);
  if (record.kind == Kind::kGrpc)
    line.Literal(",\"grpc_code\":\"").Literal(CodeName(final.code)).Literal("\"");
  if (final.reason != Reason::kNone)
    line.Literal(",\"reason\":\"").Literal(FactsOf(final.reason).name).Literal("\"");
  if (!final.delivered) line.Literal(",\"delivered\":false");
  line.Literal(",\"dur_s\":").Seconds(record.duration_ns);
  line.Literal(",\"bytes_in\":").Number(final.request_bytes);
  line.Literal(",\"bytes_out\":").Number(final.response_bytes);
  line.Text(",\"listener\":\"", record.listener, kMaxText);
  line.Text(",\"peer\":\"", record.peer, kMaxText);
  line.Text(",\"user\":\"", record.user, kMaxText);
  line.Text(",\"request_id\":\"", record.request_id, kMaxText);
  line.Hex(",\"trace_id\":\"", record.trace_id).Hex(",\"span_id\":\"", record.span_id);
  return line.Literal("}\n").end();
}

}  // namespace meshhost
