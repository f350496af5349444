// SPDX-License-Identifier: Apache-2.0
//
// REST routes. A handler's signature says how the bodies travel:
//
//   Status       Get(const Request&, Response&)                          whole bodies
//   Task<Status> Get(const Request&, Response&)                          the same, and waits
//   Task<Status> Download(const Request&, ResponseWriter&)               answer in pieces
//   Task<Status> Upload(const Request&, Reader<std::string>&, Response&) body in pieces
//
//   mh::HttpRoutes(registry, this)
//       .Get("/v1/items/{id}", &Catalog::Get)
//       .Post("/v1/items", &Catalog::Create);
//
// A status that is not ok() becomes an RFC 9457 problem with the HTTP status of its code. 404, 405,
// HEAD and OPTIONS are the host's. JSON: see json.h.
#pragma once

#include <meshhost/abi/http.h>
#include <meshhost/method.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mh {

// "a%20b+c" as it was meant; '+' is a blank only in queries. Bad escapes stay as they are.
inline std::string PercentDecode(std::string_view text, bool plus_is_blank) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' && plus_is_blank ? ' ' : text[i];
    }
  }
  return out;
}

// The request of one route. Lives as long as its handler.
class Request final {
 public:
  Request(Call& call, MessageView body) : call_(call), body_(body.Flat(scratch_)) {}
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // Keeps the body beyond on_call, where a coroutine may wait.
  void KeepBody() {
    if (scratch_.empty()) scratch_ = body_;
    body_ = scratch_;
  }

  Call& call() const { return call_; }
  std::string_view body() const { return body_; }
  std::string_view Param(std::string_view name) const { return call_.Param(name); }
  std::optional<std::string_view> Header(std::string_view name) const { return call_.Header(name); }

  // First value of a query parameter, decoded: "?page=2&q=a%20b".
  std::optional<std::string> Query(std::string_view name) const {
    std::string_view rest = call_.query();
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const size_t equals = std::min(pair.find('='), pair.size());
      if (PercentDecode(pair.substr(0, equals), true) != name) continue;
      return PercentDecode(pair.substr(std::min(equals + 1, pair.size())), true);
    }
    return std::nullopt;
  }

 private:
  Call& call_;
  std::string scratch_;
  std::string_view body_;
};

// The answer of one route. Without a body it is 204.
class Response final {
 public:
  explicit Response(Call& call) : call_(call) {}
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  void set_code(int32_t code) { code_ = code; }
  void AddHeader(std::string_view key, std::string_view value) { call_.AddHeader(key, value); }

  // The whole body; copied into a host block at once.
  Status Send(std::string_view content_type, std::string_view bytes) {
    call_.AddHeader("content-type", content_type);
    has_body_ = true;
    if (Codec<std::string>::Write(call_.host(), bytes, body_)) return Status();
    return ResourceExhausted("the response cannot be written");
  }
  Status SendText(std::string_view text) { return Send("text/plain; charset=utf-8", text); }

  // [skin] The end of a handler that succeeded.
  void Finish(const Status& status) noexcept {
    if (status.ok()) call_.SendHeaders(code_ != 0 ? code_ : has_body_ ? 200 : 204);
    call_.Finish(status, status.ok() && has_body_ ? &body_ : nullptr);
  }
  int32_t code() const { return code_; }
  bool has_body() const { return has_body_; }
  Buffer TakeBody() { return std::move(body_); }

 private:
  Call& call_;
  int32_t code_ = 0;
  bool has_body_ = false;
  Buffer body_;
};

// An answer in pieces: Start, then any number of co_await Write(bytes).
class ResponseWriter final : public Writer<std::string> {
 public:
  explicit ResponseWriter(detail::CallState* state) : Writer(state), call_(state->call()) {}

  void AddHeader(std::string_view key, std::string_view value) { call_.AddHeader(key, value); }
  void Start(int32_t code, std::string_view content_type) {
    call_.AddHeader("content-type", content_type);
    call_.SendHeaders(code);
  }

 private:
  Call& call_;
};

}  // namespace mh

#include <meshhost/http_routes.h>
