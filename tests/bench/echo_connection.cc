// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/echo_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace meshhost::bench {
namespace {

// Wide enough that flow control never limits the run: servers are measured, not windows.
constexpr int kStreamWindow = 1 << 20;
constexpr int kConnectionWindow = 16 << 20;
constexpr size_t kOutputTurn = 64 << 10;

int ConnectLoopback(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

nghttp2_nv Header(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

class EchoConnection::Callbacks final {
 public:
  static ssize_t ReadMessage(nghttp2_session*, int32_t, uint8_t* buffer, size_t length,
                             uint32_t* flags, nghttp2_data_source* source, void* user) {
    auto& self = *static_cast<EchoConnection*>(user);
    auto& stream = *static_cast<EchoStream*>(source->ptr);
    if (self.stopping_ && stream.outstanding() == 0) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      return 0;
    }
    const std::string_view message = stream.message();
    if (self.stopping_ || !stream.CanSend()) {
      stream.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    // Never split: with windows of a mebibyte a short frame means that the peer is misbehaving.
    if (length < message.size()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    std::memcpy(buffer, message.data(), message.size());
    stream.NoteSent(self.now_us_);
    return static_cast<ssize_t>(message.size());
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data,
                    size_t length, void* user) {
    auto& self = *static_cast<EchoConnection*>(user);
    auto* stream = static_cast<EchoStream*>(nghttp2_session_get_stream_user_data(session, id));
    if (stream == nullptr) return 0;
    const int completed = stream->Receive({data, length}, self.now_us_, self.totals_.latencies);
    if (completed < 0) {
      self.Fail("the reply differs from the message");
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (!self.stopping_) self.totals_.messages += static_cast<uint64_t>(completed);
    Resume(session, id, *stream);
    return 0;
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_length, const uint8_t* value, size_t value_length, uint8_t,
                      void*) {
    const std::string_view key(reinterpret_cast<const char*>(name), name_length);
    auto* stream = static_cast<EchoStream*>(
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
    if (stream != nullptr && key == "grpc-status") {
      stream->grpc_status.assign(reinterpret_cast<const char*>(value), value_length);
    }
    return 0;
  }

  static int OnClose(nghttp2_session* session, int32_t id, uint32_t error, void* user) {
    auto& self = *static_cast<EchoConnection*>(user);
    auto* stream = static_cast<EchoStream*>(nghttp2_session_get_stream_user_data(session, id));
    if (stream == nullptr) return 0;
    --self.open_streams_;
    const bool complete = self.stopping_ && stream->outstanding() == 0;
    if (error != NGHTTP2_NO_ERROR || stream->grpc_status != "0" || !complete) {
      self.StreamFailed("a stream ended early or without grpc-status 0");
    }
    return 0;
  }

  static void Resume(nghttp2_session* session, int32_t id, EchoStream& stream) {
    if (!stream.deferred) return;
    stream.deferred = false;
    nghttp2_session_resume_data(session, id);
  }

  static void Install(nghttp2_session** session, EchoConnection* self) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    nghttp2_session_client_new(session, callbacks, self);
    nghttp2_session_callbacks_del(callbacks);
  }
};

EchoConnection::EchoConnection(const Settings& settings, EchoTotals& totals)
    : settings_(settings), totals_(totals), socket_(ConnectLoopback(settings.port)) {
  open_streams_ = settings_.streams;
  if (socket_ < 0) {
    Fail(std::string("connect: ") + std::strerror(errno));
    return;
  }
  Callbacks::Install(&session_, this);
  const std::array<nghttp2_settings_entry, 2> entries = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  OpenStreams();
}

EchoConnection::~EchoConnection() {
  nghttp2_session_del(session_);
  if (socket_ >= 0) ::close(socket_);
}

void EchoConnection::OpenStreams() {
  const std::array<nghttp2_nv, 6> headers = {
      Header(":method", "POST"),       Header(":scheme", "http"),
      Header(":path", settings_.path), Header(":authority", "localhost"),
      Header("te", "trailers"),        Header("content-type", "application/grpc")};
  for (int i = 0; i < settings_.streams; ++i) {
    streams_.push_back(std::make_unique<EchoStream>(settings_.message, settings_.window));
    nghttp2_data_provider provider{};
    provider.source.ptr = streams_.back().get();
    provider.read_callback = Callbacks::ReadMessage;
    const int32_t id = nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(),
                                              &provider, streams_.back().get());
    if (id < 0) return Fail(nghttp2_strerror(id));
  }
}

void EchoConnection::Advance(uint64_t now_us) {
  if (finished()) return;
  now_us_ = now_us;
  if (ReadAvailable()) Flush();
}

void EchoConnection::StopSending(uint64_t now_us) {
  stopping_ = true;
  if (finished()) return;
  for (int i = 0; i < settings_.streams; ++i) {
    // Client streams of a connection are numbered 1, 3, 5, ... in the order of submission.
    Callbacks::Resume(session_, 2 * i + 1, *streams_[i]);
  }
  Advance(now_us);
}

bool EchoConnection::ReadAvailable() {
  std::array<uint8_t, 64 << 10> buffer;
  for (;;) {
    const ssize_t length = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (length <= 0) {
      Fail(length == 0 ? "the server closed the connection" : std::strerror(errno));
      return false;
    }
    const ssize_t taken =
        nghttp2_session_mem_recv(session_, buffer.data(), static_cast<size_t>(length));
    if (taken < 0) {
      Fail(nghttp2_strerror(static_cast<int>(taken)));
      return false;
    }
    if (static_cast<size_t>(length) < buffer.size()) return true;
  }
}

void EchoConnection::Flush() {
  while (!finished()) {
    while (output_.size() < kOutputTurn) {
      const uint8_t* data = nullptr;
      const ssize_t length = nghttp2_session_mem_send(session_, &data);
      if (length < 0) return Fail(nghttp2_strerror(static_cast<int>(length)));
      if (length == 0) break;
      output_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(length));
    }
    if (output_.empty()) return;
    const ssize_t written =
        ::send(socket_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (written < 0) return Fail(std::strerror(errno));
    sent_ += static_cast<size_t>(written);
    if (sent_ < output_.size()) return;
    output_.clear();
    sent_ = 0;
  }
}

void EchoConnection::Fail(std::string_view what) {
  for (; open_streams_ > 0; --open_streams_) StreamFailed(what);
}

void EchoConnection::StreamFailed(std::string_view what) {
  ++totals_.errors;
  if (totals_.first_error.empty()) totals_.first_error = what;
}

}  // namespace meshhost::bench
