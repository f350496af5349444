// SPDX-License-Identifier: Apache-2.0
//
// The configuration as plain values. The member initialisers below are the one place of the
// defaults (of profile "mesh"); schema.cc binds each member to its TOML key with range, unit,
// description and the defaults of the other profiles. Paths are absolute: the loader resolved them
// against the folder of the TOML file. A Config is built by load.h, then shared as const between
// all threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/bind_address.h"
#include "host/config/position.h"
#include "host/config/security_config.h"

namespace meshhost {

using ConfigDuration = std::chrono::nanoseconds;

// A path that must exist, with the place where it was written. Plain value.
struct FilePath {
  std::string path;
  Position position;

  bool empty() const { return path.empty(); }
  friend bool operator==(const FilePath&, const FilePath&) = default;
};

// [host]
struct HostConfig {
  enum class Profile { kMesh, kEdge, kProduction };

  std::string name = "meshhost";
  std::uint32_t workers = 0;  // 0: one per CPU
  Profile profile = Profile::kMesh;
  std::string run_directory = "/run/meshhost";
  std::string pid_file;         // empty: none
  std::string state_directory;  // empty: none
  ConfigDuration quarantine_window = std::chrono::seconds(60);
};

// [limits]
struct LimitsConfig {
  std::uint32_t max_connections = 32768;
  std::uint32_t backlog = 1024;
  std::uint32_t max_in_flight = 10000;
  std::uint32_t connections_per_address = 0;     // 0: no limit
  std::uint32_t requests_per_connection = 1000;  // HTTP/1.1
  std::uint64_t header_bytes = 60 * 1024;
  std::uint32_t header_count = 100;
  std::uint64_t url_bytes = 8 * 1024;
  std::uint64_t grpc_message_in = 4 * 1024 * 1024;
  std::uint64_t grpc_message_out = 4 * 1024 * 1024;
  std::uint64_t http_body = 1024 * 1024;
  std::uint64_t websocket_message = 1024 * 1024;
  std::uint64_t websocket_frame = 64 * 1024;
  std::uint64_t connection_buffer = 256 * 1024;  // high watermark, per stream and per connection
  std::uint32_t h2_max_concurrent_streams = 1024;
  std::uint64_t h2_stream_window = 64 * 1024;
  std::uint64_t h2_connection_window = 1024 * 1024;
  std::uint64_t h2_max_frame = 16 * 1024;
  std::uint64_t h2_header_table = 4 * 1024;
  std::uint32_t h2_max_resets = 500;
  std::uint32_t h2_max_queued_control_frames = 1000;
  std::uint32_t h2_max_empty_frames = 1;
};

// [timeouts]
struct TimeoutsConfig {
  ConfigDuration tls_handshake = std::chrono::seconds(10);
  ConfigDuration header_read = std::chrono::seconds(60);
  ConfigDuration body_idle = std::chrono::seconds(60);
  ConfigDuration write_idle = std::chrono::seconds(60);
  ConfigDuration request = std::chrono::seconds(30);  // unary calls and REST
  ConfigDuration stream_idle = std::chrono::minutes(5);
  ConfigDuration stream_max = std::chrono::seconds(0);  // 0: none
  ConfigDuration http1_idle = std::chrono::seconds(75);
  ConfigDuration http2_idle = std::chrono::minutes(5);
  ConfigDuration connection_max_age = std::chrono::minutes(30);
  ConfigDuration grpc_ping_interval = std::chrono::seconds(30);
  ConfigDuration grpc_ping_timeout = std::chrono::seconds(10);
  ConfigDuration grpc_min_client_ping_interval = std::chrono::minutes(5);
  ConfigDuration websocket_ping = std::chrono::seconds(30);
};

// [drain]
struct DrainConfig {
  ConfigDuration delay = std::chrono::seconds(5);
  ConfigDuration timeout = std::chrono::seconds(30);
};

// What a listener may speak. `http1` and `http2` are REST over that version; `grpc` runs over
// HTTP/2 and `websocket` over an HTTP/1.1 upgrade, whether or not REST is also allowed there.
struct ProtocolSet {
  bool http1 = true;
  bool http2 = true;
  bool grpc = true;
  bool websocket = true;

  bool UsesHttp1() const { return http1 || websocket; }
  bool UsesHttp2() const { return http2 || grpc; }
  friend bool operator==(const ProtocolSet&, const ProtocolSet&) = default;
};

// [reload]
struct ReloadConfig {
  std::uint32_t max_generations = 4;
  ConfigDuration stream_grace = std::chrono::seconds(5);
  ConfigDuration upgrade_timeout = std::chrono::seconds(60);
  bool watch = false;
};

// [[listener.tls.sni]]: the certificate for some names.
struct SniConfig {
  std::vector<std::string> names;  // lower case; "*.example" covers one label
  FilePath certificate;
  FilePath key;
  Position position;
};

// [listener.tls]
struct TlsConfig {
  enum class ClientAuth { kNone, kRequest, kRequire };
  enum class Version { kTls12, kTls13 };
  enum class CrlCheck { kChain, kLeaf };
  enum class CrlExpired { kRefuse, kAccept };
  enum class LostNames { kRefuse, kWarn };

  FilePath certificate;
  FilePath key;
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<FilePath> client_ca;
  std::vector<FilePath> client_crl;  // empty: nothing is revoked
  CrlCheck client_crl_check = CrlCheck::kChain;
  CrlExpired client_crl_expired = CrlExpired::kRefuse;
  LostNames lost_names = LostNames::kRefuse;
  Version min_version = Version::kTls12;
  bool session_tickets = true;
  std::vector<SniConfig> sni;
  Position position;
};

// [[listener]]
struct ListenerConfig {
  std::string name;
  BindAddress address;
  ProtocolSet protocols;
  bool reuse_port = true;
  std::uint32_t unix_mode = 0660;
  std::uint32_t max_connections = 0;  // 0: the limit of the host alone
  bool allow_plaintext = false;       // only profile "production" asks for it
  std::optional<TlsConfig> tls;       // none: plaintext
  Position position;
};

// [admin]: always a loopback TCP address.
struct AdminConfig {
  BindAddress address{BindAddress::Family::kIpv4, "127.0.0.1", 9901, ""};
  std::uint32_t threads = 1;
};

// Where log lines go: "off", "stdout", "stderr" or "file:PATH".
struct LogOutput {
  enum class Kind { kOff, kStdout, kStderr, kFile };

  Kind kind = Kind::kStdout;
  std::string path;  // kFile only

  std::string ToString() const;
  friend bool operator==(const LogOutput&, const LogOutput&) = default;
};

// [log]
struct LogConfig {
  enum class Level { kTrace, kDebug, kInfo, kWarn, kError };
  enum class Format { kJson, kText };

  Level level = Level::kInfo;
  Format format = Format::kJson;
  LogOutput output;
};

// [access_log]
struct AccessLogConfig {
  LogOutput output{LogOutput::Kind::kOff, ""};
  ConfigDuration flush_interval = std::chrono::seconds(1);
  std::uint64_t buffer = 64 * 1024;
};

// [metrics]
struct MetricsConfig {
  std::uint32_t max_series_per_family = 10000;
};

// [grpc]
struct GrpcConfig {
  enum class Compression { kIdentity, kGzip };

  bool health = true;
  bool reflection = true;
  Compression compression = Compression::kIdentity;  // of answers, when the client accepts it
  bool validate_messages = true;
};

// [[module.method]]: overrides for one gRPC method ("pkg.Service/Method") or route ("GET /v1/x").
// 0 everywhere means: as the host has it.
struct MethodConfig {
  std::string match;
  ConfigDuration timeout = std::chrono::seconds(0);
  std::uint64_t max_message = 0;
  std::uint32_t max_in_flight = 0;
  Position position;
};

// [[module]]
struct ModuleConfig {
  std::string name;
  FilePath path;
  bool enabled = true;
  std::uint32_t pool_threads = 4;
  std::uint32_t pool_queue = 1024;
  std::uint32_t max_in_flight = 0;  // 0: the limit of the host alone
  std::vector<std::string> allowed_libraries;
  std::vector<std::string> hosts;  // lower case; "*.example" covers all below; empty: every host
  std::string sha256;              // empty: not pinned
  ConfigDuration init_timeout = std::chrono::seconds(10);
  ConfigDuration stop_timeout = std::chrono::seconds(10);
  ConfigDuration callback_warn = std::chrono::milliseconds(50);
  std::uint64_t state_limit = 64 * 1024 * 1024;
  std::string config_json = "{}";  // [module.config] as JSON text
  std::vector<MethodConfig> methods;
  Position position;
};

// The whole file, checked. Immutable once loaded; owned by shared_ptr<const Config>, any thread.
struct Config {
  std::string file;  // as named by whoever loaded it
  HostConfig host;
  LimitsConfig limits;
  TimeoutsConfig timeouts;
  DrainConfig drain;
  ReloadConfig reload;
  std::vector<ListenerConfig> listeners;
  AdminConfig admin;
  LogConfig log;
  AccessLogConfig access_log;
  MetricsConfig metrics;
  GrpcConfig grpc;
  SecurityConfig security;
  std::vector<ModuleConfig> modules;
  // Every value that was written, by its path ("listener[0].address"); see Where().
  std::map<std::string, Position, std::less<>> positions;

  // Place of a written value, {0, 0} for a default.
  Position Where(std::string_view key_path) const;
};

}  // namespace meshhost
