// SPDX-License-Identifier: Apache-2.0
//
// A real HTTP/2 client (nghttp2's) at the other end of a FakeChannel, and sinks that record what a
// session tells them.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/http/fake_channel.h"

namespace meshhost {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline Fields FieldsOf(std::string method, std::string path) {
  return {{":method", method}, {":scheme", "http"}, {":authority", "a.test"}, {":path", path}};
}
inline Fields GetFields(std::string path) { return FieldsOf("GET", std::move(path)); }
inline Fields PostFields(std::string path) { return FieldsOf("POST", std::move(path)); }

class Http2Client final {
 public:
  struct Response {
    std::string status;
    std::map<std::string, std::string> fields;
    std::map<std::string, std::string> trailers;
    std::string body;
    int header_blocks = 0;
    int data_frames = 0;
    bool ended = false;  // END_STREAM was seen
    bool closed = false;
    uint32_t error = 0;
  };

  // `window`: of each stream. `auto_window` false: windows open only by OpenWindow.
  explicit Http2Client(FakeChannel& channel, uint32_t window = 65535, bool auto_window = true)
      : channel_(channel) {
    nghttp2_session_callbacks* callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    nghttp2_option* option;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, auto_window ? 0 : 1);
    nghttp2_session_client_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  ~Http2Client() { nghttp2_session_del(session_); }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  // `body` null: the request ends with its head. `end` false: more body or a reset follows.
  int32_t Request(const Fields& fields, const std::string* body = nullptr, bool end = true) {
    std::vector<nghttp2_nv> nva;
    for (const auto& [name, value] : fields) {
      nva.push_back({Bytes(name), Bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    if (body == nullptr) {
      return nghttp2_submit_request(session_, nullptr, nva.data(), nva.size(), nullptr, nullptr);
    }
    auto upload = std::make_unique<Upload>();
    upload->bytes = *body;
    upload->end = end;
    nghttp2_data_provider provider;
    provider.source.ptr = upload.get();
    provider.read_callback = ReadUpload;
    const int32_t id =
        nghttp2_submit_request(session_, nullptr, nva.data(), nva.size(), &provider, nullptr);
    uploads_[id] = std::move(upload);
    return id;
  }
  void More(int32_t id, std::string_view bytes, bool end) {
    uploads_[id]->bytes += bytes;
    uploads_[id]->end = end;
    nghttp2_session_resume_data(session_, id);
  }
  void Trailers(int32_t id, const Fields& fields) {
    uploads_[id]->trailers = fields;
    More(id, "", true);
  }
  void Reset(int32_t id, uint32_t error = NGHTTP2_CANCEL) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, error);
  }
  void Ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }
  void OpenWindow(int32_t id, int32_t by) {
    nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, id, by);
  }

  // Serialised, not sent: what the client has to say now.
  std::string TakeBytes() {
    std::string bytes;
    const uint8_t* piece;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(session_, &piece)) > 0) {
      bytes.append(reinterpret_cast<const char*>(piece), static_cast<size_t>(n));
    }
    return bytes;
  }
  // Moves bytes both ways until nobody has anything to say.
  void Pump(FakeLoop& loop) {
    for (;;) {
      const std::string out = TakeBytes();
      if (!out.empty()) channel_.Feed(out);
      loop.RunUntilIdle();
      const std::string in = channel_.TakeOutput();
      if (in.empty() && out.empty()) return;
      Receive(in);
    }
  }
  // False when the host broke the protocol.
  bool Receive(std::string_view bytes) {
    const ssize_t n = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    healthy = healthy && n == static_cast<ssize_t>(bytes.size());
    return healthy;
  }

  nghttp2_session* native() { return session_; }

  std::map<int32_t, Response> responses;
  std::vector<uint32_t> goaways;
  std::string goaway_text;
  int32_t goaway_last_stream = -1;
  int pings = 0;
  int ping_acks = 0;
  bool healthy = true;

 private:
  struct Upload {
    std::string bytes;
    Fields trailers;
    bool end = true;
  };

  static uint8_t* Bytes(const std::string& text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  }
  static Http2Client& Self(void* user_data) { return *static_cast<Http2Client*>(user_data); }

  static ssize_t ReadUpload(nghttp2_session* session, int32_t id, uint8_t* into, size_t length,
                            uint32_t* flags, nghttp2_data_source* source, void*) {
    auto* upload = static_cast<Upload*>(source->ptr);
    const size_t n = std::min(length, upload->bytes.size());
    if (n == 0 && !upload->end) return NGHTTP2_ERR_DEFERRED;
    std::memcpy(into, upload->bytes.data(), n);
    upload->bytes.erase(0, n);
    if (!upload->end || !upload->bytes.empty()) return static_cast<ssize_t>(n);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (upload->trailers.empty()) return static_cast<ssize_t>(n);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    std::vector<nghttp2_nv> nva;
    for (const auto& [name, value] : upload->trailers) {
      nva.push_back({Bytes(name), Bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_submit_trailer(session, id, nva.data(), nva.size());
    return static_cast<ssize_t>(n);
  }
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                      void* user_data) {
    Response& response = Self(user_data).responses[frame->hd.stream_id];
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status") {
      response.status = text;
    } else if (frame->headers.cat == NGHTTP2_HCAT_RESPONSE) {
      response.fields[key] = text;
    } else {
      response.trailers[key] = text;
    }
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    Http2Client& self = Self(user_data);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self.goaways.push_back(frame->goaway.error_code);
      self.goaway_last_stream = frame->goaway.last_stream_id;
      self.goaway_text.assign(reinterpret_cast<const char*>(frame->goaway.opaque_data),
                              frame->goaway.opaque_data_len);
    }
    if (frame->hd.type == NGHTTP2_PING) {
      ++((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 ? self.ping_acks : self.pings);
    }
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Response& response = self.responses[frame->hd.stream_id];
    ++(frame->hd.type == NGHTTP2_HEADERS ? response.header_blocks : response.data_frames);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) response.ended = true;
    return 0;
  }
  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t n,
                    void* user_data) {
    Self(user_data).responses[id].body.append(reinterpret_cast<const char*>(bytes), n);
    return 0;
  }
  static int OnClose(nghttp2_session*, int32_t id, uint32_t error, void* user_data) {
    Response& response = Self(user_data).responses[id];
    response.closed = true;
    response.error = error;
    return 0;
  }

  FakeChannel& channel_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, std::unique_ptr<Upload>> uploads_;
};

}  // namespace meshhost
