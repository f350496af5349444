// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace meshhost {

// What HTTP sessions and the REST and WebSocket codecs obey. Plain values that the runtime fills
// from the configuration; shared by the sessions of one worker, which keep a reference. The
// initialisers repeat the defaults of host/config. A time of 0 means: no such limit.
struct HttpSettings {
  // Request heads.
  size_t header_bytes = 60 * 1024;
  size_t header_count = 100;
  size_t url_bytes = 8 * 1024;
  // Bodies and messages.
  size_t http_body = 1024 * 1024;
  size_t websocket_message = 1024 * 1024;
  size_t websocket_frame = 64 * 1024;
  size_t connection_buffer = 256 * 1024;  // high mark of unsent bytes; low mark: half of it
  // HTTP/1.1.
  uint32_t requests_per_connection = 1000;
  // HTTP/2.
  uint32_t h2_max_concurrent_streams = 1024;
  uint32_t h2_stream_window = 64 * 1024;
  uint32_t h2_connection_window = 1024 * 1024;
  uint32_t h2_max_frame = 16 * 1024;
  uint32_t h2_header_table = 4 * 1024;
  uint32_t h2_max_resets = 500;
  uint32_t h2_max_queued_control_frames = 1000;
  uint32_t h2_max_empty_frames = 1;
  // Times.
  uint64_t header_read_ns = 60'000'000'000;
  uint64_t body_idle_ns = 60'000'000'000;
  uint64_t write_idle_ns = 60'000'000'000;
  uint64_t http1_idle_ns = 75'000'000'000;
  uint64_t http2_idle_ns = 300'000'000'000;
  uint64_t connection_max_age_ns = 1'800'000'000'000;
  uint64_t grpc_ping_interval_ns = 30'000'000'000;
  uint64_t grpc_ping_timeout_ns = 10'000'000'000;
  uint64_t grpc_min_client_ping_interval_ns = 300'000'000'000;
  uint64_t websocket_ping_ns = 30'000'000'000;
};

}  // namespace meshhost
