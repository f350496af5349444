// SPDX-License-Identifier: Apache-2.0
#include "host/http/http1_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "host/http/field_syntax.h"
#include "host/http/request_target.h"

namespace meshhost {
namespace {

namespace beast_http = boost::beast::http;

// Of chunk extensions of one request: nobody uses them but attackers.
constexpr size_t kMaxExtensionBytes = 4096;
// Of one chunk header, or the last with all trailers.
constexpr size_t kMaxChunkHead = 8192;
// Beside the target: method, version, blanks.
constexpr size_t kRequestLineSlack = 64;

std::string_view ToStd(boost::beast::string_view text) { return {text.data(), text.size()}; }

void LowerInto(char* to, std::string_view text) {
  for (const char c : text) *to++ = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Does the line ask for a version of HTTP that is well-formed, but not ours?
bool AsksOtherVersion(std::string_view line) {
  const size_t at = line.find(" HTTP/");
  if (at == line.npos) return false;
  const std::string_view version = line.substr(at + 6, 4);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.size() == 4 && digit(version[0]) && version[1] == '.' && digit(version[2]) &&
         version[3] == '\r' && !version.starts_with("1.0") && !version.starts_with("1.1");
}

// Where a value starts tells whether its field was folded: Beast unfolds silently, into a buffer of
// its own or by skipping an empty first line.
bool IsFolded(std::string_view input, std::string_view name, std::string_view value) {
  const char* const colon = name.data() + name.size();
  if (value.data() < colon || value.data() > input.data() + input.size()) return true;
  return std::memchr(colon, '\r', static_cast<size_t>(value.data() - colon)) != nullptr;
}

}  // namespace

Http1Parser::Http1Parser(Arena& arena, const HttpSettings& settings, std::string_view scheme)
    : arena_(arena), settings_(settings), head_(arena.New<RequestHead>()) {
  head_->scheme = scheme;
  header_limit(static_cast<uint32_t>(std::min(settings.header_bytes, kMaxHeadBytes)));
  // Sinks limit bodies: each endpoint has its own size.
  body_limit(boost::none);
}

Http1Parser::Step Http1Parser::Parse(std::string_view bytes) {
  body_ = {};
  size_t at = 0;
  while (true) {
    if (is_done()) return {Event::kEnd, at};
    if (at == bytes.size()) return {Event::kNeedMore, at};
    const bool head_done = is_header_done();
    input_ = bytes.substr(at);
    ErrorCode ec;
    const size_t taken = put(boost::asio::const_buffer(input_.data(), input_.size()), ec);
    at += taken;
    if (!head_done) head_bytes_ += taken;
    if (ec == beast_http::error::need_more) return NeedMore(at, bytes.size() - at);
    if (ec) return Failed(at, ec);
    if (!head_done) return CheckHead(at);
    if (!body_.empty()) return {Event::kBody, at};
  }
}

Http1Parser::Step Http1Parser::NeedMore(size_t consumed, size_t left) {
  if (is_header_done()) {
    if (left <= kMaxChunkHead) return {Event::kNeedMore, consumed};
    Bad(Reason::kHeadersTooLarge, "a chunk header or the trailer section is too large");
    return Refused(consumed);
  }
  if (head_->method.empty() && left > settings_.url_bytes + kRequestLineSlack) {
    Bad(Reason::kTargetTooLong, "");
    return Refused(consumed);
  }
  if (head_bytes_ + left > std::min(settings_.header_bytes, kMaxHeadBytes)) {
    Bad(Reason::kHeadersTooLarge, "");
    return Refused(consumed);
  }
  return {Event::kNeedMore, consumed};
}

Http1Parser::Step Http1Parser::Failed(size_t consumed, const ErrorCode& ec) {
  if (refused_) return Refused(consumed);
  if (ec == beast_http::error::header_limit) {
    Bad(head_->method.empty() ? Reason::kTargetTooLong : Reason::kHeadersTooLarge, "");
  } else if (ec == beast_http::error::bad_version && AsksOtherVersion(input_)) {
    Bad(Reason::kMalformedRequest, "this version of HTTP is not served", 505);
  } else {
    Bad(Reason::kMalformedRequest, "");
  }
  return Refused(consumed);
}

void Http1Parser::Bad(Reason reason, std::string_view why, int http_status) {
  refused_ = true;
  refusal_ = Refusal(reason, why);
  if (http_status != 0) refusal_.http_status = http_status;
}

void Http1Parser::Refuse(Reason reason, std::string_view why, ErrorCode& ec) {
  Bad(reason, why);
  ec = beast_http::error::bad_field;
}

void Http1Parser::on_request_impl(beast_http::verb, View method, View target, int version,
                                  ErrorCode& ec) {
  head_->method = arena_.Copy(ToStd(method));
  head_->version = version == 10 ? HttpVersion::kHttp1_0 : HttpVersion::kHttp1_1;
  if (target.size() > settings_.url_bytes) return Refuse(Reason::kTargetTooLong, "", ec);
  target_ = arena_.Copy(ToStd(target));
}

void Http1Parser::on_field_impl(beast_http::field field, View name, View value, ErrorCode& ec) {
  if (IsFolded(input_, ToStd(name), ToStd(value))) {
    return Refuse(Reason::kMalformedRequest, "a header field is folded over lines", ec);
  }
  if (last_chunk_) return AddTrailer(ToStd(name), ToStd(value), ec);
  if (field_count_ == settings_.header_count) {
    return Refuse(Reason::kHeadersTooLarge, "too many header fields", ec);
  }
  AddField(ToStd(name), ToStd(value));
  const std::string_view kept = fields_[field_count_ - 1].value;
  switch (field) {
    case beast_http::field::host:
      ++hosts_;
      host_ = kept;
      break;
    case beast_http::field::content_length:
      ++content_lengths_;
      if (!IsDigits(kept)) Refuse(Reason::kMalformedRequest, "Content-Length is no number", ec);
      break;
    case beast_http::field::transfer_encoding:
      ++transfer_encodings_;
      transfer_encoding_ = kept;
      break;
    case beast_http::field::expect:
      expect_ = kept;
      break;
    case beast_http::field::content_type:
      head_->content_type = kept;
      break;
    default:
      break;
  }
}

void Http1Parser::AddField(std::string_view name, std::string_view value) {
  if (field_count_ == field_capacity_) {
    field_capacity_ = field_capacity_ == 0 ? 12 : field_capacity_ * 2;
    const std::span<Header> grown = arena_.NewArray<Header>(field_capacity_);
    std::copy(fields_, fields_ + field_count_, grown.begin());
    fields_ = grown.data();
  }
  char* const text = static_cast<char*>(arena_.Allocate(name.size() + value.size() + 1, 1));
  LowerInto(text, name);
  if (!value.empty()) std::memcpy(text + name.size(), value.data(), value.size());
  fields_[field_count_++] = {{text, name.size()}, {text + name.size(), value.size()}};
}

void Http1Parser::AddTrailer(std::string_view name, std::string_view value, ErrorCode& ec) {
  trailer_bytes_ += name.size() + value.size() + 4;
  if (trailer_texts_.size() == settings_.header_count || trailer_bytes_ > settings_.header_bytes) {
    return Refuse(Reason::kHeadersTooLarge, "too many trailer fields", ec);
  }
  std::string lower(name.size(), '\0');
  LowerInto(lower.data(), name);
  // What routes and frames a request is in its head or nowhere.
  if (lower == "host" || lower == "content-length" || lower == "transfer-encoding") {
    return Refuse(Reason::kMalformedRequest, "a framing field stands in the trailers", ec);
  }
  trailer_texts_.emplace_back(std::move(lower), std::string(value));
}

std::span<const Header> Http1Parser::trailers() {
  trailers_.clear();
  for (const auto& [name, value] : trailer_texts_) trailers_.push_back({name, value});
  return trailers_;
}

std::size_t Http1Parser::on_body_impl(View body, ErrorCode&) {
  body_ = ToStd(body);
  return body.size();
}

std::size_t Http1Parser::on_chunk_body_impl(std::uint64_t, View body, ErrorCode&) {
  body_ = ToStd(body);
  return body.size();
}

void Http1Parser::on_chunk_header_impl(std::uint64_t size, View extensions, ErrorCode& ec) {
  last_chunk_ = size == 0;
  extension_bytes_ += extensions.size();
  if (extension_bytes_ > kMaxExtensionBytes || !IsFieldValue(ToStd(extensions))) {
    Refuse(Reason::kMalformedRequest, "chunk extensions are too long or malformed", ec);
  }
}

Http1Parser::Step Http1Parser::CheckHead(size_t consumed) {
  head_->headers = {fields_, field_count_};
  if (head_bytes_ > settings_.header_bytes) {
    Bad(Reason::kHeadersTooLarge, "");
  } else if (CheckFraming() && CheckTarget()) {
    if (const auto length = content_length()) head_->content_length = *length;
    return {Event::kHead, consumed};
  }
  return Refused(consumed);
}

bool Http1Parser::CheckFraming() {
  const bool http10 = head_->version == HttpVersion::kHttp1_0;
  if (content_lengths_ > 1) {
    Bad(Reason::kMalformedRequest, "there is more than one Content-Length");
  } else if (transfer_encodings_ > 0 && (http10 || content_lengths_ > 0)) {
    Bad(Reason::kMalformedRequest, "Transfer-Encoding beside Content-Length or in HTTP/1.0");
  } else if (transfer_encodings_ > 1) {
    Bad(Reason::kMalformedRequest, "there is more than one Transfer-Encoding");
  } else if (transfer_encodings_ == 1 && !EqualsIgnoreCase(transfer_encoding_, "chunked")) {
    Bad(Reason::kMalformedRequest, "the only transfer encoding that is served is chunked", 501);
  } else if (!expect_.empty() && !EqualsIgnoreCase(expect_, "100-continue")) {
    Bad(Reason::kExpectationFailed, "");
  }
  expects_continue_ = !expect_.empty() && !http10 && !is_done();
  return !refused_;
}

bool Http1Parser::CheckTarget() {
  const bool http10 = head_->version == HttpVersion::kHttp1_0;
  if (hosts_ > 1 || (hosts_ == 0 && !http10)) {
    Bad(Reason::kMalformedRequest, "exactly one Host field is required");
  } else if (hosts_ == 1 && !IsHost(host_)) {
    Bad(Reason::kMalformedRequest, "the Host field is malformed");
  } else if (head_->method == "CONNECT") {
    Bad(Reason::kMalformedRequest, "CONNECT is not served", 501);
  }
  if (refused_) return false;
  const auto target = ParseRequestTarget(target_, head_->method);
  if (!target) {
    Bad(Reason::kMalformedRequest, "the request target is malformed");
    return false;
  }
  if (target->absolute && hosts_ == 1 && !EqualsIgnoreCase(target->authority, host_)) {
    Bad(Reason::kMalformedRequest, "Host is not the host of the request target");
    return false;
  }
  head_->authority = target->absolute ? target->authority : host_;
  head_->path = target->path;
  head_->query = target->query;
  return true;
}

}  // namespace meshhost
