// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/settings_from_config.h"

namespace meshhost {
namespace {

uint64_t Ns(ConfigDuration duration) { return static_cast<uint64_t>(duration.count()); }

void SetLimits(const LimitsConfig& limits, HttpSettings& http) {
  http.header_bytes = limits.header_bytes;
  http.header_count = limits.header_count;
  http.url_bytes = limits.url_bytes;
  http.http_body = limits.http_body;
  http.websocket_message = limits.websocket_message;
  http.websocket_frame = limits.websocket_frame;
  http.connection_buffer = limits.connection_buffer;
  http.requests_per_connection = limits.requests_per_connection;
  http.h2_max_concurrent_streams = limits.h2_max_concurrent_streams;
  http.h2_stream_window = static_cast<uint32_t>(limits.h2_stream_window);
  http.h2_connection_window = static_cast<uint32_t>(limits.h2_connection_window);
  http.h2_max_frame = static_cast<uint32_t>(limits.h2_max_frame);
  http.h2_header_table = static_cast<uint32_t>(limits.h2_header_table);
  http.h2_max_resets = limits.h2_max_resets;
  http.h2_max_queued_control_frames = limits.h2_max_queued_control_frames;
  http.h2_max_empty_frames = limits.h2_max_empty_frames;
}

void SetTimes(const TimeoutsConfig& timeouts, HttpSettings& http) {
  http.header_read_ns = Ns(timeouts.header_read);
  http.body_idle_ns = Ns(timeouts.body_idle);
  http.write_idle_ns = Ns(timeouts.write_idle);
  http.http1_idle_ns = Ns(timeouts.http1_idle);
  http.http2_idle_ns = Ns(timeouts.http2_idle);
  http.connection_max_age_ns = Ns(timeouts.connection_max_age);
  http.grpc_ping_interval_ns = Ns(timeouts.grpc_ping_interval);
  http.grpc_ping_timeout_ns = Ns(timeouts.grpc_ping_timeout);
  http.grpc_min_client_ping_interval_ns = Ns(timeouts.grpc_min_client_ping_interval);
  http.websocket_ping_ns = Ns(timeouts.websocket_ping);
}

}  // namespace

HttpSettings HttpSettingsFrom(const Config& config) {
  HttpSettings http;
  SetLimits(config.limits, http);
  SetTimes(config.timeouts, http);
  return http;
}

GrpcSettings GrpcSettingsFrom(const Config& config) {
  GrpcSettings grpc;
  grpc.message_in = config.limits.grpc_message_in;
  grpc.message_out = config.limits.grpc_message_out;
  grpc.gzip_answers = config.grpc.compression == GrpcConfig::Compression::kGzip;
  return grpc;
}

}  // namespace meshhost
