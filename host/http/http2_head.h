// SPDX-License-Identifier: Apache-2.0
//
// Http2Head: collects the fields of one header block into the call's arena and makes a RequestHead
// of them. nghttp2 has checked what RFC 9113 section 8 says about well-formed requests (order and
// repetition of pseudo-headers, characters, connection-specific fields); limits, authority and
// target are checked here.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "host/base/arena.h"
#include "host/call/outcome.h"
#include "host/call/request.h"
#include "host/http/http_settings.h"

namespace meshhost {

// Part of an Http2Stream. Worker thread only.
class Http2Head final {
 public:
  // Starts over; what was collected before stays valid in the arena.
  void Begin(Arena& arena);
  // False when the block has passed a limit; its fields are then no longer kept.
  bool Add(nghttp2_rcbuf* name, nghttp2_rcbuf* value, const HttpSettings& settings);
  // Bytes of names and values seen, also beyond the limit.
  size_t bytes() const { return bytes_; }

  // Fills *head, as far as that is possible when it is to be refused. The outcome's reason is
  // kNone, or why the request is refused.
  Outcome Build(RequestHead* head, const HttpSettings& settings);
  std::span<const Header> fields() const { return {fields_, count_}; }

 private:
  void AddPseudo(std::string_view name, std::string_view value);
  void Note(const Header& field);
  void Grow();
  void JoinCookies();
  void SplitTarget(RequestHead* head) const;
  Outcome Check(RequestHead* head, const HttpSettings& settings) const;

  Arena* arena_ = nullptr;
  Header* fields_ = nullptr;
  uint32_t count_ = 0;
  uint32_t capacity_ = 0;
  size_t bytes_ = 0;
  uint32_t cookies_ = 0;
  bool over_limit_ = false;
  std::string_view method_;
  std::string_view scheme_;
  std::string_view authority_;
  std::string_view target_;
  std::string_view protocol_;
  std::string_view host_;
  std::string_view content_type_;
  std::string_view content_length_;
};

}  // namespace meshhost
