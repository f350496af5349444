// SPDX-License-Identifier: Apache-2.0
//
// The keys of the host as a whole. Defaults are the member initialisers of config.h; .Edge() and
// .Production() give those of the other profiles. A description is one line of
// config/reference.toml.
#include "host/config/schema.h"

#include "host/config/text_forms.h"

namespace meshhost {
namespace {

SchemaTable Host() {
  using C = HostConfig;
  using P = C::Profile;
  return OnceTable(
      "host", &Config::host, "The process.",
      {
          TextKey("name", &C::name, PlainTextForm(), kCold,
                  "Name of this host in logs and metrics."),
          CountKey("workers", &C::workers, {0, 1024}, kCold,
                   "Event loops, one thread each; 0 = one per CPU."),
          ChoiceKey("profile", &C::profile,
                    {{"mesh", P::kMesh}, {"edge", P::kEdge}, {"production", P::kProduction}}, kCold,
                    "Set of defaults; \"production\" also refuses plaintext TCP and unstated "
                    "client_auth."),
          TextKey("run_directory", &C::run_directory, RequiredPathForm(), kCold,
                  "Folder for private copies of the modules."),
          TextKey("pid_file", &C::pid_file, PathForm(), kCold,
                  "File that holds the process id while the host runs; \"\" = none."),
          TextKey("state_directory", &C::state_directory, PathForm(), kCold,
                  "Folder for what the next start should know: crashes of modules, the last good "
                  "copy of each module; \"\" = none, no quarantine."),
          DurationKey("quarantine_window", &C::quarantine_window, {0, kDay}, kCold,
                      "A module file that crashes the host within this time after it was loaded is "
                      "not loaded again; one that does not is the last good one."),
      });
}

SchemaTable Limits() {
  using C = LimitsConfig;
  return OnceTable(
      "limits", &Config::limits, "Upper bounds; what exceeds them is refused and counted.",
      {
          CountKey("max_connections", &C::max_connections, {1, kMillion}, kHot,
                   "Connections open at once on all listeners; more are shed."),
          CountKey("backlog", &C::backlog, {1, 65535}, kCold,
                   "Connections that the kernel queues for each listening socket."),
          CountKey("max_in_flight", &C::max_in_flight, {1, kMillion}, kHot,
                   "Requests, calls and WebSockets at work at once in the whole host."),
          CountKey("connections_per_address", &C::connections_per_address, {0, kMillion}, kHot,
                   "Connections open at once from one client address; 0 = no limit."),
          CountKey("requests_per_connection", &C::requests_per_connection, {1, kMillion}, kHot,
                   "Requests on one HTTP/1.1 connection before it is closed."),
          SizeKey("header_bytes", &C::header_bytes, {kKiB, kMiB}, kHot,
                  "All header fields of one request together.")
              .Edge(16 * kKiB),
          CountKey("header_count", &C::header_count, {1, 10000}, kHot,
                   "Header fields of one request."),
          SizeKey("url_bytes", &C::url_bytes, {64, kMiB}, kHot, "Path and query of one request."),
          SizeKey("grpc_message_in", &C::grpc_message_in, {1, kGiB}, kHot,
                  "One gRPC message from a client."),
          SizeKey("grpc_message_out", &C::grpc_message_out, {1, kGiB}, kHot,
                  "One gRPC message to a client."),
          SizeKey("http_body", &C::http_body, {1, kGiB}, kHot, "Body of one REST request."),
          SizeKey("websocket_message", &C::websocket_message, {1, kGiB}, kHot,
                  "One WebSocket message, all frames together."),
          SizeKey("websocket_frame", &C::websocket_frame, {1, kGiB}, kHot, "One WebSocket frame."),
          SizeKey("connection_buffer", &C::connection_buffer, {4 * kKiB, kGiB}, kHot,
                  "Unsent bytes per stream and per connection before its producer is paused.")
              .Edge(32 * kKiB),
          CountKey("h2_max_concurrent_streams", &C::h2_max_concurrent_streams, {1, kMillion}, kHot,
                   "Streams open at once on one HTTP/2 connection.")
              .Edge(std::uint64_t{100}),
          SizeKey("h2_stream_window", &C::h2_stream_window, {kKiB, kGiB}, kHot,
                  "HTTP/2 flow-control window of a stream."),
          SizeKey("h2_connection_window", &C::h2_connection_window, {65535, kGiB}, kHot,
                  "HTTP/2 flow-control window of a connection."),
          SizeKey("h2_max_frame", &C::h2_max_frame, {16 * kKiB, 16 * kMiB - 1}, kHot,
                  "One HTTP/2 frame from a client."),
          SizeKey("h2_header_table", &C::h2_header_table, {0, kMiB}, kHot,
                  "HPACK table for fields that a client sends."),
          CountKey("h2_max_resets", &C::h2_max_resets, {1, kMillion}, kHot,
                   "Streams that a client may reset before answers began, then GOAWAY."),
          CountKey("h2_max_queued_control_frames", &C::h2_max_queued_control_frames, {10, kMillion},
                   kHot,
                   "PING and SETTINGS answers that may wait for a client that does not read."),
          CountKey("h2_max_empty_frames", &C::h2_max_empty_frames, {0, kMillion}, kHot,
                   "Empty DATA or HEADERS frames in a row that do not end a stream."),
      });
}

SchemaTable Timeouts() {
  using C = TimeoutsConfig;
  return OnceTable(
      "timeouts", &Config::timeouts, "How long each wait may last.",
      {
          DurationKey("tls_handshake", &C::tls_handshake, {100 * kMs, kHour}, kHot,
                      "From accept to the end of the TLS handshake."),
          DurationKey("header_read", &C::header_read, {100 * kMs, kHour}, kHot,
                      "From the first byte of a request to the end of its header; then 408.")
              .Edge(10 * kSecond),
          DurationKey("body_idle", &C::body_idle, {100 * kMs, kHour}, kHot,
                      "Between two pieces of a request body."),
          DurationKey("write_idle", &C::write_idle, {100 * kMs, kHour}, kHot,
                      "Without the client taking any byte of the answer."),
          DurationKey("request", &C::request, {kMs, kDay}, kHot,
                      "Unary gRPC calls and REST requests; a shorter grpc-timeout wins."),
          DurationKey("stream_idle", &C::stream_idle, {100 * kMs, kDay}, kHot,
                      "A gRPC stream or REST stream without a message either way."),
          DurationKey("stream_max", &C::stream_max, {0, 30 * kDay}, kHot,
                      "A stream in all; \"0s\" = no limit."),
          DurationKey("http1_idle", &C::http1_idle, {100 * kMs, kDay}, kHot,
                      "An HTTP/1.1 connection between two requests."),
          DurationKey("http2_idle", &C::http2_idle, {100 * kMs, kDay}, kHot,
                      "An HTTP/2 connection without streams."),
          DurationKey(
              "connection_max_age", &C::connection_max_age, {kSecond, 30 * kDay}, kHot,
              "Age (10 % jitter) at which a connection is told to go: GOAWAY, Connection: close."),
          DurationKey("grpc_ping_interval", &C::grpc_ping_interval, {kSecond, kDay}, kHot,
                      "HTTP/2 PING to a client from which nothing came for so long.")
              .Edge(2 * kHour),
          DurationKey("grpc_ping_timeout", &C::grpc_ping_timeout, {100 * kMs, kHour}, kHot,
                      "Answer to that PING; then the connection is closed.")
              .Edge(20 * kSecond),
          DurationKey("grpc_min_client_ping_interval", &C::grpc_min_client_ping_interval,
                      {kMs, kDay}, kHot,
                      "A client that sends PING more often gets GOAWAY too_many_pings."),
          DurationKey("websocket_ping", &C::websocket_ping, {100 * kMs, kHour}, kHot,
                      "WebSocket ping; closed when the pong is missing at the next one."),
      });
}

SchemaTable Drain() {
  using C = DrainConfig;
  return OnceTable(
      "drain", &Config::drain, "The graceful stop.",
      {
          DurationKey("delay", &C::delay, {0, kHour}, kHot,
                      "From readiness off to the end of accepting, for balancers to notice."),
          DurationKey("timeout", &C::timeout, {0, kHour}, kHot,
                      "For what is in flight to finish; then it is cancelled."),
      });
}

SchemaTable Admin() {
  using C = AdminConfig;
  return OnceTable("admin", &Config::admin, "Metrics, health and state, for operators.",
                   {
                       TextKey("address", &C::address, LoopbackAddressForm(), kCold,
                               "Loopback address; port 0 = any free one."),
                       CountKey("threads", &C::threads, {1, 64}, kCold, "Threads that answer."),
                   });
}

SchemaTable Log() {
  using C = LogConfig;
  using L = C::Level;
  using F = C::Format;
  return OnceTable("log", &Config::log, "What the host and its modules have to say.",
                   {
                       ChoiceKey("level", &C::level,
                                 {{"trace", L::kTrace},
                                  {"debug", L::kDebug},
                                  {"info", L::kInfo},
                                  {"warn", L::kWarn},
                                  {"error", L::kError}},
                                 kHot, "Least level that is written."),
                       ChoiceKey("format", &C::format, {{"json", F::kJson}, {"text", F::kText}},
                                 kCold, "One JSON object or one text line each."),
                       TextKey("output", &C::output, OutputForm(), kCold,
                               "Where the lines go; a file is reopened at SIGUSR1."),
                   });
}

SchemaTable AccessLog() {
  using C = AccessLogConfig;
  return OnceTable("access_log", &Config::access_log,
                   "One line for each request, call and WebSocket.",
                   {
                       TextKey("output", &C::output, OutputForm(), kCold,
                               "Where the lines go; a file is reopened at SIGUSR1."),
                       DurationKey("flush_interval", &C::flush_interval, {kMs, kHour}, kCold,
                                   "Longest time that a line stays in memory."),
                       SizeKey("buffer", &C::buffer, {kKiB, kGiB}, kCold,
                               "Lines in memory per worker; more are dropped and counted."),
                   });
}

SchemaTable Metrics() {
  using C = MetricsConfig;
  return OnceTable("metrics", &Config::metrics, "The registry behind /metrics.",
                   {
                       CountKey("max_series_per_family", &C::max_series_per_family, {1, kMillion},
                                kCold, "Label sets of one metric; more are counted, not kept."),
                   });
}

SchemaTable Reloads() {
  using C = ReloadConfig;
  return OnceTable(
      "reload", &Config::reload, "Changes while the host serves.",
      {CountKey("max_generations", &C::max_generations, {2, 100}, kHot,
                "Times that one module may be mapped at once, with those whose calls "
                "have not ended; then a reload is refused."),
       DurationKey("stream_grace", &C::stream_grace, {0, kHour}, kHot,
                   "For streams of a module that was upgraded or dropped, and for "
                   "connections of a process that was, to end by themselves; then "
                   "they are told to, and drain.timeout runs."),
       DurationKey("upgrade_timeout", &C::upgrade_timeout, {kSecond, 300 * kSecond}, kHot,
                   "For a new process (`meshhost upgrade`) to become ready; then it "
                   "is ended, and the old one serves on."),
       FlagKey("watch", &C::watch, kHot,
               "Reload when this file, or a certificate, key, CRL or module that it "
               "names, has changed.")});
}

SchemaTable Grpc() {
  using C = GrpcConfig;
  using Z = C::Compression;
  return OnceTable(
      "grpc", &Config::grpc, "What the host adds to the gRPC services of modules.",
      {
          FlagKey("health", &C::health, kHot, "Serve grpc.health.v1."),
          FlagKey("reflection", &C::reflection, kHot,
                  "Serve grpc.reflection v1 and v1alpha over all modules.")
              .Production(false),
          ChoiceKey("compression", &C::compression,
                    {{"identity", Z::kIdentity}, {"gzip", Z::kGzip}}, kHot,
                    "Of answers, when the client accepts it."),
          FlagKey(
              "validate_messages", &C::validate_messages, kHot,
              "Refuse messages that their descriptor cannot parse before the module sees them."),
      });
}

}  // namespace

SchemaTable RootTable() {
  SchemaTable root;
  root.tables = {Host(),  Limits(), Timeouts(),  Drain(),   Reloads(), ListenerTable(),
                 Admin(), Log(),    AccessLog(), Metrics(), Grpc(),    ModuleTable()};
  return root;
}

}  // namespace meshhost
