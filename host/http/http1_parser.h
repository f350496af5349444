// SPDX-License-Identifier: Apache-2.0
//
// Http1Parser: one HTTP/1 request out of a byte stream. Beast's parser finds lines, fields and
// chunks; it is laxer in framing than is safe behind proxies, so everything that decides where a
// request ends is checked here again: one Content-Length of digits only, Transfer-Encoding exactly
// "chunked" and never beside it or in HTTP/1.0, exactly one Host, no folded fields. Where two
// readers could disagree, the request is refused.
//
// The head goes into the call's arena; bytes are not kept between calls.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/arena.h"
#include "host/call/outcome.h"
#include "host/call/request.h"
#include "host/http/http_settings.h"

namespace meshhost {

// For one request; owned by its session. Worker thread only.
class Http1Parser final : private boost::beast::http::basic_parser<true> {
 public:
  // The longest head, whatever the settings say: a head must fit the block that it is read into.
  static constexpr size_t kMaxHeadBytes = 63 * 1024;

  // The arena is used until the head is complete.
  Http1Parser(Arena& arena, const HttpSettings& settings, std::string_view scheme);

  enum class Event : uint8_t {
    kNeedMore,  // nothing more to be had from these bytes; the rest of them is offered again
    kHead,      // head() is complete
    kBody,      // body(): bytes of the input
    kEnd,       // the request is complete
    kBad,       // refusal(): answer that and close
  };
  struct Step {
    Event event;
    size_t consumed;
  };
  // Until the next event. After kEnd and kBad: no more.
  Step Parse(std::string_view bytes);

  // In the arena.
  const RequestHead& head() const { return *head_; }
  std::string_view body() const { return body_; }
  std::span<const Header> trailers();
  const Outcome& refusal() const { return refusal_; }
  // Before kHead: the head is refused, for what was found wrong with it or for `outcome`.
  void RefuseHead(const Outcome& outcome) { head_->refusal = arena_.New<Outcome>(outcome); }

  // From kHead on.
  bool keep_alive() const { return basic_parser::keep_alive(); }
  bool expects_continue() const { return expects_continue_; }
  bool complete() const { return is_done(); }
  // Body bytes that are known to be outstanding; chunked: unknown, 0.
  uint64_t remaining() const { return content_length_remaining().value_or(0); }

 private:
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;

  // basic_parser's events.
  void on_request_impl(boost::beast::http::verb verb, View method, View target, int version,
                       ErrorCode& ec) override;
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(boost::beast::http::field field, View name, View value,
                     ErrorCode& ec) override;
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(View body, ErrorCode&) override;
  void on_chunk_header_impl(std::uint64_t size, View extensions, ErrorCode& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, View body, ErrorCode&) override;
  void on_finish_impl(ErrorCode&) override {}

  Step CheckHead(size_t consumed);
  Step NeedMore(size_t consumed, size_t left);
  Step Failed(size_t consumed, const ErrorCode& ec);
  Step Refused(size_t consumed) { return {Event::kBad, consumed}; }
  // For callbacks: stops the parser.
  void Refuse(Reason reason, std::string_view why, ErrorCode& ec);
  void Bad(Reason reason, std::string_view why, int http_status = 0);
  bool CheckFraming();
  bool CheckTarget();
  void AddField(std::string_view name, std::string_view value);
  void AddTrailer(std::string_view name, std::string_view value, ErrorCode& ec);

  Arena& arena_;
  const HttpSettings& settings_;
  RequestHead* head_;
  Outcome refusal_;
  std::string_view input_;  // of the running Parse
  std::string_view body_;
  std::string_view target_;
  std::string_view host_;
  std::string_view transfer_encoding_;
  std::string_view expect_;
  Header* fields_ = nullptr;
  uint32_t field_count_ = 0;
  uint32_t field_capacity_ = 0;
  size_t head_bytes_ = 0;
  size_t extension_bytes_ = 0;
  size_t trailer_bytes_ = 0;
  std::vector<std::pair<std::string, std::string>> trailer_texts_;
  std::vector<Header> trailers_;
  uint16_t hosts_ = 0;
  uint16_t content_lengths_ = 0;
  uint16_t transfer_encodings_ = 0;
  bool refused_ = false;
  bool expects_continue_ = false;
  bool last_chunk_ = false;
};

}  // namespace meshhost
