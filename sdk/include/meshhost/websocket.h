// SPDX-License-Identifier: Apache-2.0
//
// WebSocket routes, as a coroutine or as callbacks.
//
//   mh::Task<mh::Status> Chat(mh::Call& call, mh::WebSocket& socket) {
//     mh::WebSocketMessage message;
//     while (co_await socket.Read(message)) co_await socket.SendText(message.data);
//     co_return mh::Status();               // close 1000
//   }
//   mh::WebSocketRoutes(registry, this).Route("/chat", &Chat::Chat);
//
// The host answers pings and closes; it accepts the handshake before the handler starts. A status
// that is not ok() closes with 1011, 1008 for a fault of the peer, 1001 for kUnavailable;
// Status::Raw(4000..4999, reason) closes with a code of your own.
#pragma once

#include <meshhost/abi/ws.h>
#include <meshhost/method.h>
#include <meshhost/websocket_session.h>

#include <string>
#include <string_view>

namespace mh {

struct WebSocketMessage {
  std::string data;
  bool text = false;
};

template <>
struct Codec<WebSocketMessage> {
  static bool Read(const MessageView& message, WebSocketMessage& out) {
    message.CopyTo(out.data);
    out.text = message.text();
    return true;
  }
};

// The peer of a coroutine handler; alive until the handler returns.
class WebSocket final {
 public:
  explicit WebSocket(detail::CallState* state) : state_(state) {}

  // co_await: the next message, or false when the peer closed (or the host drains).
  auto Read(WebSocketMessage& message) { return detail::ReadInto(state_, message); }
  // co_await: false when the peer is gone. Waits while the peer does not read.
  auto SendText(const std::string& text) { return detail::WriteFrom(state_, text, MH_MSG_TEXT); }
  auto SendBinary(const std::string& bytes) { return detail::WriteFrom(state_, bytes); }

  // For handlers that only send: what the peer says is dropped, and its close is noticed.
  void IgnoreMessages() { state_->IgnoreMessages(); }

 private:
  detail::CallState* state_;
};

namespace detail {

// on_call of a coroutine handler.
template <class T>
struct WebSocketHandler {
  class State final : public CallState {
   public:
    State(const Host& host, mh_call* handle)
        : CallState(host, handle, MH_KIND_BIDI), socket(this) {}
    WebSocket socket;

   private:
    Status Complete(Status status, Buffer&) override { return status; }
  };

  static void OnCall(void* ud, mh_call* handle, const mh_msg*) noexcept {
    const WebSocketHandler& self = *static_cast<WebSocketHandler*>(ud);
    StartGuarded(self.host, handle, [&] {
      return Launch(std::make_unique<State>(self.host, handle), [&self](State& state) {
        return (self.object->*self.function)(state.call(), state.socket);
      });
    });
  }

  Host host;
  T* object;
  Task<Status> (T::*function)(Call&, WebSocket&);
};

// on_call that makes a session of callbacks.
template <class T>
struct SessionHandler {
  static void OnCall(void* ud, mh_call* handle, const mh_msg*) noexcept {
    const SessionHandler& self = *static_cast<SessionHandler*>(ud);
    StartGuarded(self.host, handle, [&]() -> Status {
      return WebSocketSession::Open(self.host, handle, (self.object->*self.make)());
    });
  }

  Host host;
  T* object;
  std::unique_ptr<WebSocketSession> (T::*make)();
};

}  // namespace detail

// Registers routes one by one; handlers are members of *object.
template <class T>
class WebSocketRoutes final {
 public:
  WebSocketRoutes(Registry& registry, T* object) : registry_(registry), object_(object) {}

  // subprotocols: separated by blanks, in order of preference.
  WebSocketRoutes& Route(std::string_view pattern, Task<Status> (T::*function)(Call&, WebSocket&),
                         std::string_view subprotocols = "", MethodOptions options = {}) {
    return Add(pattern, subprotocols, options,
               detail::WebSocketHandler<T>{registry_.host(), object_, function});
  }

  // `make` makes one session of callbacks per connection.
  WebSocketRoutes& Route(std::string_view pattern, std::unique_ptr<WebSocketSession> (T::*make)(),
                         std::string_view subprotocols = "", MethodOptions options = {}) {
    return Add(pattern, subprotocols, options,
               detail::SessionHandler<T>{registry_.host(), object_, make});
  }

 private:
  template <class Handler>
  WebSocketRoutes& Add(std::string_view pattern, std::string_view subprotocols,
                       const MethodOptions& options, Handler value) {
    const auto* ws = registry_.Require<mh_ws_1>(MH_WS_1);
    if (ws == nullptr) return *this;
    Handler* handler = registry_.Own(std::move(value));
    const mh_method method = detail::MakeMethod(pattern, MH_KIND_BIDI, options, handler);
    mh_err err = {sizeof(mh_err), 0, ""};
    const mh_rc rc =
        ws->route(registry_.host().instance(), Str(pattern), Str(subprotocols), &method, &err);
    registry_.Check(FromHost(rc, err, "WebSocket " + std::string(pattern)));
    return *this;
  }

  Registry& registry_;
  T* object_;
};

}  // namespace mh
