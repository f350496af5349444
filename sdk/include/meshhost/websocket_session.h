// SPDX-License-Identifier: Apache-2.0
//
// A WebSocket connection as callbacks, for code that is an event machine already. Included by
// websocket.h.
#pragma once

#include <meshhost/call.h>
#include <meshhost/guard.h>

#include <deque>
#include <memory>
#include <string_view>
#include <utility>

namespace mh {

// Derive and override. Owned by the skin, deleted after OnClose; all callbacks come one at a time,
// and only they may call the functions below (for sends from other threads, see Inbox).
class WebSocketSession {
 public:
  WebSocketSession() = default;
  WebSocketSession(const WebSocketSession&) = delete;
  WebSocketSession& operator=(const WebSocketSession&) = delete;
  virtual ~WebSocketSession() = default;

  virtual void OnOpen() {}
  virtual void OnMessage(std::string_view data, bool text) = 0;
  virtual void OnClose() {}  // the peer is gone or has closed, or Close was called

  // [skin] Binds a session to its connection.
  static Status Open(const Host& host, mh_call* handle, std::unique_ptr<WebSocketSession> session) {
    static const mh_call_events events = {sizeof(events),  &HandleMessage, &HandleHalfClose,
                                          &HandleWritable, &HandleCancel,  &HandleEnd};
    session->call_ = std::make_unique<mh::Call>(host, handle);
    if (host.calls().bind(handle, &events, session.get()) != MH_OK) {
      return Internal("the host refused to bind the call");
    }
    WebSocketSession* open = session.release();  // until HandleEnd
    open->Guard([open] { open->OnOpen(); });
    open->Grant();
    return Status();
  }

 protected:
  // Queued while the peer does not read; no further message is delivered until the queue is empty.
  void SendText(std::string_view text) { Send(text, MH_MSG_TEXT); }
  void SendBinary(std::string_view bytes) { Send(bytes, 0); }

  void Close(const Status& status = Status()) {
    if (!std::exchange(closed_, true)) call_->Finish(status, nullptr);
  }

  const mh::Call& call() const { return *call_; }

 private:
  static WebSocketSession* From(void* ud) { return static_cast<WebSocketSession*>(ud); }

  template <class Function>
  void Guard(Function function) noexcept {
    const Status status = detail::Guarded(call_->host(), [&] {
      function();
      return Status();
    });
    if (!status.ok()) Close(status);
  }

  void Send(std::string_view bytes, uint32_t flags) {
    if (closed_) return;
    Buffer buffer;
    if (!Codec<std::string>::Write(call_->host(), bytes, buffer)) {
      Close(ResourceExhausted("no memory for a message"));
      return;
    }
    queue_.emplace_back(std::move(buffer), flags);
    Flush();
  }

  void Flush() {
    while (!queue_.empty() && !closed_) {
      const mh_msg message = queue_.front().first.Message(queue_.front().second);
      if (call_->host().calls().send(call_->handle(), &message, 0) == MH_AGAIN) return;
      queue_.pop_front();
    }
  }

  void Grant() {
    if (granted_ || closed_ || !queue_.empty()) return;
    granted_ = true;
    call_->host().calls().pull(call_->handle(), 1);
  }

  static void HandleMessage(void* ud, mh_call*, const mh_msg* message) noexcept {
    WebSocketSession* self = From(ud);
    self->granted_ = false;
    self->Guard([&] {
      std::string scratch;
      const MessageView view(message);
      if (!self->closed_) self->OnMessage(view.Flat(scratch), view.text());
    });
    self->Grant();
  }

  static void HandleWritable(void* ud, mh_call*) noexcept {
    From(ud)->Guard([ud] { From(ud)->Flush(); });
    From(ud)->Grant();
  }

  static void HandleHalfClose(void* ud, mh_call*) noexcept { From(ud)->Close(); }

  static void HandleCancel(void* ud, mh_call*, uint32_t) noexcept {
    From(ud)->Close(Unavailable("the server is going away"));
  }

  static void HandleEnd(void* ud, mh_call*, const mh_status*) noexcept {
    const std::unique_ptr<WebSocketSession> self(From(ud));
    self->Guard([&] { self->OnClose(); });
  }

  std::unique_ptr<mh::Call> call_;
  std::deque<std::pair<Buffer, uint32_t>> queue_;
  bool granted_ = false;
  bool closed_ = false;
};

}  // namespace mh
