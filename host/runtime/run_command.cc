// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/run_command.h"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/config/load.h"
#include "host/config/print.h"
#include "host/runtime/exit_codes.h"
#include "host/runtime/host.h"
#include "host/runtime/reloader.h"
#include "host/runtime/service_notify.h"
#include "host/runtime/stop_sequence.h"

namespace meshhost {
namespace {

namespace asio = boost::asio;

void PrintErrors(const ConfigResult& result) {
  for (const ConfigError& error : result.errors) std::cerr << error.ToString() << "\n";
}

void PrintErrorsAsJson(const std::vector<ConfigError>& errors) {
  nlohmann::json list = nlohmann::json::array();
  for (const ConfigError& error : errors) {
    list.push_back({{"file", error.file},
                    {"line", error.position.line},
                    {"column", error.position.column},
                    {"message", error.message},
                    {"expected", error.expected},
                    {"got", error.got},
                    {"hint", error.hint}});
  }
  std::cout << nlohmann::json{{"ok", errors.empty()}, {"errors", std::move(list)}}.dump(2) << "\n";
}

// The soft limit that most systems start with serves 1,000 connections.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Removed when the host ends.
class PidFile final {
 public:
  explicit PidFile(const std::string& path) : path_(path) {
    if (!path_.empty()) std::ofstream(path_) << ::getpid() << "\n";
  }
  ~PidFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  const std::string path_;
};

// What the control loop waits for: signals and the time for heartbeats.
class Control final {
 public:
  Control(boost::asio::io_context& io, Host& host, Reloader& reloader)
      : io_(io),
        host_(host),
        reloader_(reloader),
        signals_(io, SIGTERM, SIGINT, SIGUSR1),
        heartbeat_(io),
        stop_(io, host) {
    signals_.add(SIGHUP);
  }

  void Run() {
    AwaitSignal();
    AwaitHeartbeat();
    io_.run();
  }

 private:
  void AwaitSignal() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      OnSignal(number);
      AwaitSignal();
    });
  }

  void OnSignal(int number) {
    if (number == SIGUSR1) return host_.ReopenLogs();
    if (number == SIGHUP) return reloader_.Request();
    // The second one: whoever sends it does not want to wait, so nothing is cleaned up.
    if (stop_.begun()) std::_Exit(kExitFailed);
    NotifyStopping();
    reloader_.Stop();
    stop_.Begin();
  }

  void AwaitHeartbeat() {
    host_.AskHeartbeats();
    if (const auto now = std::chrono::steady_clock::now(); now >= expiry_check_) {
      host_.WarnOfExpiry();
      expiry_check_ = now + std::chrono::hours(1);
    }
    heartbeat_.expires_after(std::chrono::nanoseconds(Heartbeat::kAskEveryNs));
    heartbeat_.async_wait([this](const boost::system::error_code& error) {
      if (!error) AwaitHeartbeat();
    });
  }

  asio::io_context& io_;
  Host& host_;
  Reloader& reloader_;
  asio::signal_set signals_;
  asio::steady_timer heartbeat_;
  std::chrono::steady_clock::time_point expiry_check_ =
      std::chrono::steady_clock::now() + std::chrono::hours(1);
  StopSequence stop_;
};

}  // namespace

int RunHost(const std::string& config_file) {
  const ConfigResult loaded = LoadConfig(config_file);
  if (!loaded.ok()) {
    PrintErrors(loaded);
    return kExitConfig;
  }
  RaiseDescriptorLimit();
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io(1);
  Reloader reloader(io, config_file);
  auto host = Host::Prepare(loaded.config, io);
  if (!host.ok()) {
    std::cerr << host.status().message() << "\n";
    return kExitConfig;
  }
  Control control(io, **host, reloader);
  reloader.Attach(**host);
  if (const absl::Status started = (*host)->Start(reloader); !started.ok()) {
    std::cerr << started.message() << "\n";
    return kExitFailed;
  }
  const PidFile pid_file(loaded.config->host.pid_file);
  NotifyReady("serving");
  control.Run();
  const bool clean = (*host)->Shutdown();
  (*host)->log().Info("stopped", {{"clean", clean}});
  if (clean) return kExitOk;
  // Code of a retained module may still run: static destructors must not pull its feet away.
  (*host)->CloseLogs();
  std::_Exit(kExitOk);
}

int CheckConfig(const std::string& config_file, bool json) {
  const ConfigResult loaded = LoadConfig(config_file);
  if (!loaded.ok()) {
    json ? PrintErrorsAsJson(loaded.errors) : PrintErrors(loaded);
    return kExitConfig;
  }
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io(1);
  const auto host = Host::Prepare(loaded.config, io);
  if (!host.ok()) {
    if (json) {
      PrintErrorsAsJson(
          {ConfigError{loaded.config->file, {}, std::string(host.status().message()), "", "", ""}});
    } else {
      std::cerr << host.status().message() << "\n";
    }
    return kExitConfig;
  }
  if (json) {
    std::cout << ToJson(*loaded.config) << "\n";
  } else {
    std::cout << config_file << ": ok\n";
  }
  return kExitOk;
}

}  // namespace meshhost
