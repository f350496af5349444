// SPDX-License-Identifier: Apache-2.0
//
// One call as a handler sees it: who calls, with which metadata, until when; and what goes back
// beside the message. The same class for gRPC, HTTP and WebSocket.
//
// Lives as long as the handler: for a coroutine, until it returns. Strings are views into the
// host's memory with the same life. One thread at a time.
#pragma once

#include <meshhost/host.h>
#include <meshhost/message.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mh {

namespace detail {

class CallState;

// The close code of a WebSocket handler's status; the reason must fit into a close frame.
inline Status CloseStatus(const Status& status) {
  const int32_t code = status.raw_code();
  const std::string reason = status.text().substr(0, 123);
  if (code == 0 || code >= 1000) return Status::Raw(code, reason);
  switch (status.code()) {
    case Code::kInvalidArgument:
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
    case Code::kResourceExhausted:
      return Status::Raw(1008, reason);
    case Code::kUnavailable:
      return Status::Raw(1001, reason);
    default:
      return Status::Raw(1011, reason);
  }
}

}  // namespace detail

class Call final {
 public:
  Call(Host host, mh_call* handle, detail::CallState* state = nullptr)
      : host_(host), handle_(handle), state_(state), info_(host.calls().info(handle)) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const Host& host() const { return host_; }
  mh_call* handle() const { return handle_; }
  const mh_call_info& info() const { return *info_; }
  // [skin] What coroutines wait on; null in a handler that is none.
  detail::CallState* state() const { return state_; }
  bool is_websocket() const { return info_->protocol == MH_PROTOCOL_WEBSOCKET; }

  std::string_view verb() const { return View(info_->verb); }
  std::string_view method() const { return View(info_->method); }
  std::string_view path() const { return View(info_->path); }
  std::string_view query() const { return View(info_->query); }

  // Who calls, as the host verified it; empty for nobody.
  std::string_view identity() const { return View(info_->identity); }
  const mh_peer& peer() const { return *info_->peer; }

  // First request header or metadata entry of that (lower case) name. "-bin" values are decoded.
  std::optional<std::string_view> Header(std::string_view name) const {
    return Find({info_->headers, info_->n_headers}, name);
  }
  std::span<const mh_kv> headers() const { return {info_->headers, info_->n_headers}; }

  // Path parameter, percent-decoded; empty when the pattern has none of that name.
  std::string_view Param(std::string_view name) const {
    return Find({info_->params, info_->n_params}, name).value_or(std::string_view());
  }

  // Time left until the deadline; none when the caller set none.
  std::optional<std::chrono::nanoseconds> Remaining() const {
    if (info_->deadline_ns == 0) return std::nullopt;
    return std::chrono::nanoseconds(info_->deadline_ns) - host_.Now();
  }

  // 0, or MH_WHY_*: nobody waits for the answer any more (except MH_WHY_DRAIN: finish soon).
  uint32_t cancelled() const { return host_.calls().cancelled(handle_); }

  // Initial metadata or header fields of the answer; before the first message leaves.
  void AddHeader(std::string_view key, std::string_view value) { Add(headers_, key, value); }
  // Trailing metadata or trailer fields.
  void AddTrailer(std::string_view key, std::string_view value) { Add(trailers_, key, value); }

  // Sends the head now instead of with the first message. HTTP: status `code`.
  void SendHeaders(int32_t code = 200) {
    if (std::exchange(headers_sent_, true)) return;
    const std::vector<mh_kv> pairs = Pairs(headers_);
    host_.calls().send_headers(handle_, code, pairs.data(), pairs.size());
  }

  // [skin] Before a message: what the handler added would be lost behind it.
  void SendAddedHeaders() {
    if (!headers_.empty() && !is_websocket()) SendHeaders();
  }

  // [skin] The end of the call; `last` may be null. Exactly once.
  void Finish(const Status& result, const Buffer* last) noexcept {
    const Status status = is_websocket() ? detail::CloseStatus(result) : result;
    // An HTTP error is the host's to write, as a problem; gRPC metadata goes with any status.
    const bool keeps_headers = info_->protocol == MH_PROTOCOL_GRPC || status.ok();
    if (!headers_.empty() && !is_websocket() && keeps_headers) SendHeaders();
    const std::vector<mh_kv> trailers = Pairs(trailers_);
    mh_status end = {};
    end.size = sizeof(end);
    end.code = status.raw_code();
    end.text = Str(status.text());
    end.details = Str(status.details());
    end.trailers = trailers.data();
    end.n_trailers = trailers.size();
    const mh_msg message = last == nullptr ? mh_msg{} : last->Message();
    const bool plain = status.ok() && trailers.empty();
    host_.calls().finish(handle_, last == nullptr ? nullptr : &message, plain ? nullptr : &end);
  }

 private:
  using Entry = std::pair<std::string, std::string>;

  static std::optional<std::string_view> Find(std::span<const mh_kv> entries,
                                              std::string_view name) {
    for (const mh_kv& entry : entries) {
      if (View(entry.key) == name) return View(entry.value);
    }
    return std::nullopt;
  }

  static void Add(std::vector<Entry>& to, std::string_view key, std::string_view value) {
    to.emplace_back(key, value);
  }

  static std::vector<mh_kv> Pairs(const std::vector<Entry>& entries) {
    std::vector<mh_kv> pairs;
    pairs.reserve(entries.size());
    for (const Entry& entry : entries) pairs.push_back({Str(entry.first), Str(entry.second)});
    return pairs;
  }

  Host host_;
  mh_call* handle_;
  detail::CallState* state_;
  const mh_call_info* info_;
  std::vector<Entry> headers_;
  std::vector<Entry> trailers_;
  bool headers_sent_ = false;
};

}  // namespace mh
