// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_head.h"

#include <algorithm>
#include <charconv>

#include "host/http/field_syntax.h"
#include "host/http/request_target.h"

namespace meshhost {
namespace {

constexpr uint32_t kFirstFields = 16;
constexpr size_t kFieldOverhead = 32;  // as RFC 9113 section 6.5.2 counts

std::string_view ViewOf(nghttp2_rcbuf* text) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(text);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

std::string_view Keep(Arena& arena, nghttp2_rcbuf* text) {
  const std::string_view view = ViewOf(text);
  return nghttp2_rcbuf_is_static(text) != 0 ? view : arena.Copy(view);
}

Outcome Malformed(std::string_view why, int http_status = 0) {
  Outcome outcome = Refusal(Reason::kMalformedRequest, why);
  outcome.http_status = http_status;
  return outcome;
}

}  // namespace

void Http2Head::Begin(Arena& arena) {
  *this = Http2Head();
  arena_ = &arena;
  fields_ = arena.NewArray<Header>(kFirstFields).data();
  capacity_ = kFirstFields;
}

bool Http2Head::Add(nghttp2_rcbuf* name, nghttp2_rcbuf* value, const HttpSettings& settings) {
  bytes_ += nghttp2_rcbuf_get_buf(name).len + nghttp2_rcbuf_get_buf(value).len + kFieldOverhead;
  const bool fits = bytes_ <= settings.header_bytes && count_ < settings.header_count;
  over_limit_ = over_limit_ || !fits;
  if (over_limit_) return false;
  const std::string_view kept_name = Keep(*arena_, name);
  const std::string_view kept_value = Keep(*arena_, value);
  if (!kept_name.empty() && kept_name.front() == ':') {
    AddPseudo(kept_name, kept_value);
    return true;
  }
  if (count_ == capacity_) Grow();
  fields_[count_] = {kept_name, kept_value};
  Note(fields_[count_++]);
  return true;
}

void Http2Head::Grow() {
  Header* larger = arena_->NewArray<Header>(capacity_ * 2).data();
  std::copy(fields_, fields_ + count_, larger);
  fields_ = larger;
  capacity_ *= 2;
}

// nghttp2 lets only these five pass.
void Http2Head::AddPseudo(std::string_view name, std::string_view value) {
  switch (name[1]) {
    case 'm':
      method_ = value;
      return;
    case 's':
      scheme_ = value;
      return;
    case 'a':
      authority_ = value;
      return;
    default:
      (name == ":path" ? target_ : protocol_) = value;
  }
}

void Http2Head::Note(const Header& field) {
  switch (field.name.size()) {
    case 4:
      if (field.name == "host") host_ = field.value;
      return;
    case 6:
      if (field.name == "cookie") ++cookies_;
      return;
    case 12:
      if (field.name == "content-type") content_type_ = field.value;
      return;
    case 14:
      if (field.name == "content-length") content_length_ = field.value;
      return;
    default:
      return;
  }
}

// HTTP/2 may split cookies into several fields; whoever reads them expects one (RFC 9113 section
// 8.2.3).
void Http2Head::JoinCookies() {
  size_t size = 0;
  for (const Header& field : fields()) {
    if (field.name == "cookie") size += field.value.size() + 2;
  }
  char* joined = static_cast<char*>(arena_->Allocate(size, 1));
  char* end = joined;
  uint32_t kept = 0;
  Header* first = nullptr;
  for (const Header& field : fields()) {
    if (field.name != "cookie") {
      fields_[kept++] = field;
      continue;
    }
    if (first == nullptr) {
      first = &fields_[kept++];
      first->name = field.name;
    } else {
      end = std::copy_n("; ", 2, end);
    }
    end = std::copy(field.value.begin(), field.value.end(), end);
  }
  count_ = kept;
  first->value = {joined, static_cast<size_t>(end - joined)};
}

void Http2Head::SplitTarget(RequestHead* head) const {
  const size_t question = target_.find('?');
  head->path = target_.substr(0, question);
  if (question != std::string_view::npos) head->query = target_.substr(question + 1);
}

Outcome Http2Head::Check(RequestHead* head, const HttpSettings& settings) const {
  if (target_.size() > settings.url_bytes) return Refusal(Reason::kTargetTooLong);
  if (!IsTargetText(target_)) return Malformed("the request target is malformed");
  SplitTarget(head);
  if (over_limit_) return Refusal(Reason::kHeadersTooLarge);
  // CONNECT without ":protocol" has no path: this host is no proxy.
  if (target_.empty() && method_ == "CONNECT") return Malformed("CONNECT is not served", 501);
  if (target_.empty() || (target_.front() != '/' && target_ != "*")) {
    return Malformed("the request target is malformed");
  }
  if (!host_.empty() && !EqualsIgnoreCase(head->authority, host_)) {
    return Malformed("Host is not the :authority");
  }
  if (!content_length_.empty()) {
    uint64_t length = 0;
    const char* end = content_length_.data() + content_length_.size();
    if (std::from_chars(content_length_.data(), end, length).ptr != end) {
      return Malformed("Content-Length is malformed");
    }
    head->content_length = length;
  }
  return {};
}

Outcome Http2Head::Build(RequestHead* head, const HttpSettings& settings) {
  if (cookies_ > 1) JoinCookies();
  head->version = HttpVersion::kHttp2;
  head->method = method_;
  head->scheme = scheme_;
  head->authority = authority_.empty() ? host_ : authority_;
  head->connect_protocol = protocol_;
  head->content_type = content_type_;
  head->headers = fields();
  return Check(head, settings);
}

}  // namespace meshhost
