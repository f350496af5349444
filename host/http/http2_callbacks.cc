// SPDX-License-Identifier: Apache-2.0
#include "host/http/http2_callbacks.h"

#include <algorithm>
#include <new>

#include "host/http/http2_session.h"

namespace meshhost {
namespace {

constexpr size_t kMaxSettingsEntries = 32;

Http2Session& SessionOf(void* user_data) { return *static_cast<Http2Session*>(user_data); }

int OnFrameBegin(nghttp2_session*, const nghttp2_frame_hd* frame, void* user_data) {
  return SessionOf(user_data).OnFrameBegin(*frame) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int OnHeadersBegin(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  return SessionOf(user_data).OnHeadersBegin(*frame) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int OnHeader(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name,
             nghttp2_rcbuf* value, uint8_t, void* user_data) {
  SessionOf(user_data).OnHeader(*frame, name, value);
  return 0;
}

int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  SessionOf(user_data).OnFrame(*frame);
  return 0;
}

int OnInvalidFrame(nghttp2_session*, const nghttp2_frame*, int, void* user_data) {
  SessionOf(user_data).OnInvalidFrame();
  return 0;
}

int OnData(nghttp2_session*, uint8_t, int32_t stream_id, const uint8_t* bytes, size_t n,
           void* user_data) {
  SessionOf(user_data).OnData(stream_id, {bytes, n});
  return 0;
}

int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  SessionOf(user_data).OnFrameSent(*frame);
  return 0;
}

int OnSendData(nghttp2_session*, nghttp2_frame*, const uint8_t* frame_head, size_t length,
               nghttp2_data_source* source, void* user_data) {
  auto* stream = static_cast<Http2Stream*>(source->ptr);
  return SessionOf(user_data).OnSendData(frame_head, length, *stream) ? 0 : NGHTTP2_ERR_PAUSE;
}

int OnStreamClosed(nghttp2_session*, int32_t stream_id, uint32_t, void* user_data) {
  SessionOf(user_data).OnStreamClosed(stream_id);
  return 0;
}

}  // namespace

nghttp2_session_callbacks* MakeHttp2Callbacks() {
  nghttp2_session_callbacks* table = nullptr;
  if (nghttp2_session_callbacks_new(&table) != 0) throw std::bad_alloc();
  nghttp2_session_callbacks_set_on_begin_frame_callback(table, OnFrameBegin);
  nghttp2_session_callbacks_set_on_begin_headers_callback(table, OnHeadersBegin);
  nghttp2_session_callbacks_set_on_header_callback2(table, OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(table, OnFrame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(table, OnInvalidFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, OnData);
  nghttp2_session_callbacks_set_on_frame_send_callback(table, OnFrameSent);
  nghttp2_session_callbacks_set_send_data_callback(table, OnSendData);
  nghttp2_session_callbacks_set_on_stream_close_callback(table, OnStreamClosed);
  return table;
}

nghttp2_option* MakeHttp2Option(const HttpSettings& settings) {
  nghttp2_option* option = nullptr;
  if (nghttp2_option_new(&option) != 0) throw std::bad_alloc();
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, settings.h2_max_queued_control_frames);
  nghttp2_option_set_max_settings(option, kMaxSettingsEntries);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, settings.h2_header_table);
  // A second line behind Http2Guard, which knows more about the resets and ends with a better code.
  nghttp2_option_set_stream_reset_rate_limit(option, uint64_t{settings.h2_max_resets} * 4,
                                             std::max<uint64_t>(settings.h2_max_resets, 33));
  return option;
}

}  // namespace meshhost
