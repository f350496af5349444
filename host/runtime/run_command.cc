// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/run_command.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "host/base/concat.h"
#include "host/base/signal_stack.h"
#include "host/base/status_macros.h"
#include "host/config/load.h"
#include "host/config/print.h"
#include "host/module/crash_handler.h"
#include "host/runtime/binary_upgrade.h"
#include "host/runtime/exit_codes.h"
#include "host/runtime/host.h"
#include "host/runtime/predecessor.h"
#include "host/runtime/process_signals.h"
#include "host/runtime/reloader.h"
#include "host/runtime/service_notifier.h"
#include "host/runtime/service_thread.h"
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

// Removed when the host ends, unless another process has taken it over.
class PidFile final {
 public:
  explicit PidFile(const std::string& path) : path_(path) {
    if (!path_.empty()) std::ofstream(path_) << ::getpid() << "\n";
  }
  ~PidFile() {
    pid_t pid = 0;
    if (!path_.empty() && std::ifstream(path_) >> pid && pid == ::getpid()) ::unlink(path_.c_str());
  }
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  const std::string path_;
};

// What a service manager must grant beyond its own patience, since each part may take its limit.
constexpr std::chrono::seconds kSurroundings{10};

std::chrono::nanoseconds TimeToStart(const Config& config) {
  std::chrono::nanoseconds time = kSurroundings;
  for (const ModuleConfig& module : config.modules) time += module.init_timeout;
  return time;
}

std::chrono::nanoseconds TimeToStop(const Config& config) {
  std::chrono::nanoseconds time = kSurroundings + config.drain.delay + config.drain.timeout;
  for (const ModuleConfig& module : config.modules) time += module.stop_timeout;
  return time;
}

std::string ServingStatus(const Config& config) {
  return Concat({"serving: listeners ", std::to_string(config.listeners.size()), ", modules ",
                 std::to_string(config.modules.size())});
}

// What the control loop waits for: signals that the service thread heard, certificates that expire.
class Control final {
 public:
  Control(boost::asio::io_context& io, UniqueFd signals, Host& host, Reloader& reloader,
          ServiceNotifier& notifier, const Program& program)
      : io_(io),
        host_(host),
        reloader_(reloader),
        notifier_(notifier),
        tick_(io),
        stop_(io, host),
        service_(
            std::move(signals), [this](int number) { Hear(number); },
            Watchdog(notifier, host.heartbeats(), host.pulse())),
        upgrade_(io, program, host, notifier, service_.watchdog_timeout(),
                 [this] { OnReplaced(); }) {
    reloader_.Attach(host);
    reloader_.Attach(upgrade_);
  }

  void Run() {
    Tick();
    service_.Start();
    io_.run();
    service_.Stop();
  }

 private:
  // Service thread: the control thread may be inside of a module.
  void Hear(int number) {
    // However many come in the meantime, they ask for one reload.
    if (number == SIGHUP && reload_asked_.exchange(true)) return;
    if (number == SIGTERM || number == SIGINT) {
      // The second one: whoever sends it does not want to wait, so nothing is cleaned up.
      if (stop_heard_.exchange(true)) std::_Exit(kExitFailed);
      host_.GiveUpPreparing();
    }
    asio::post(io_, [this, number] { OnSignal(number); });
  }

  void OnSignal(int number) {
    if (number == SIGUSR1) return host_.ReopenLogs();
    if (number == SIGHUP) {
      reload_asked_.store(false);
      return reloader_.Request();
    }
    if (number == SIGUSR2) return reloader_.RequestUpgrade();
    // It drains already.
    if (replaced_) return;
    upgrade_.Stop();
    notifier_.Stopping(TimeToStop(host_.config()));
    reloader_.Stop();
    stop_.Begin();
  }

  void OnReplaced() {
    replaced_ = true;
    stop_heard_.store(true);
    reloader_.Stop();
    stop_.BeginReplaced();
  }

  void Tick() {
    host_.pulse().Beat();
    host_.AdvanceQuarantine();
    if (const auto now = std::chrono::steady_clock::now(); now >= expiry_check_) {
      host_.WarnOfExpiry();
      expiry_check_ = now + kExpiryCheck;
    }
    tick_.expires_after(service_.period());
    tick_.async_wait([this](const boost::system::error_code& error) {
      if (!error) Tick();
    });
  }

  static constexpr std::chrono::hours kExpiryCheck{1};

  asio::io_context& io_;
  Host& host_;
  Reloader& reloader_;
  const ServiceNotifier& notifier_;
  asio::steady_timer tick_;
  std::chrono::steady_clock::time_point expiry_check_ =
      std::chrono::steady_clock::now() + kExpiryCheck;
  StopSequence stop_;
  std::atomic<bool> reload_asked_{false};
  std::atomic<bool> stop_heard_{false};
  bool replaced_ = false;
  ServiceThread service_;  // it uses what is above
  BinaryUpgrade upgrade_;
};

// What the process has from whoever started it, and from the kernel.
struct Surroundings {
  UniqueFd signals;
  InheritedSockets inherited;
  std::optional<Predecessor> predecessor;
};

// Before the first thread is started.
absl::StatusOr<Surroundings> TakeSurroundings() {
  RaiseDescriptorLimit();
  std::signal(SIGPIPE, SIG_IGN);
  Surroundings surroundings;
  ASSIGN_OR_RETURN(surroundings.signals,
                   ProcessSignals::Block({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}));
  ASSIGN_OR_RETURN(surroundings.inherited, InheritedSockets::FromEnvironment());
  ASSIGN_OR_RETURN(surroundings.predecessor, Predecessor::FromEnvironment());
  if (surroundings.predecessor) {
    for (InheritedSocket& socket : surroundings.predecessor->handoff().sockets) {
      surroundings.inherited.Add(std::move(socket));
    }
  }
  return surroundings;
}

// Says why, also to the process that serves on because of it.
int Fail(const absl::Status& error, int exit_code, std::optional<Predecessor>& predecessor) {
  std::cerr << error.message() << "\n";
  if (predecessor) predecessor->Fail({error.message().data(), error.message().size()});
  return exit_code;
}

// The two processes change places; nothing is left to fail.
void TakeOver(Host& host, ServiceNotifier& notifier, Predecessor& predecessor) {
  predecessor.AwaitRelease();
  host.TakeOver();
  notifier.BecomeMain();
  host.log().Info("took over from the process before", {{"pid", ::getpid()}});
}

}  // namespace

int RunHost(const std::string& config_file, const Program& program) {
  auto surroundings = TakeSurroundings();
  std::optional<Predecessor> predecessor;
  if (!surroundings.ok()) return Fail(surroundings.status(), kExitFailed, predecessor);
  predecessor = std::move(surroundings->predecessor);
  const ConfigResult loaded = LoadConfig(config_file);
  if (!loaded.ok()) return Fail(loaded.status(), kExitConfig, predecessor);
  const SignalStack signal_stack;
  const CrashHandler crash_handler;
  ServiceNotifier notifier(predecessor ? ServiceNotifier::Process::kSuccessor
                                       : ServiceNotifier::Process::kMain);
  notifier.NeedsTime(TimeToStart(*loaded.config));
  asio::io_context io(1);
  Reloader reloader(io, *loaded.config, notifier);
  auto host = Host::Prepare(loaded.config, io);
  if (!host.ok()) return Fail(host.status(), kExitConfig, predecessor);
  Control control(io, std::move(surroundings->signals), **host, reloader, notifier, program);
  const BindAddress* admin = predecessor ? &predecessor->handoff().admin : nullptr;
  const absl::Status started = (*host)->Start(reloader, std::move(surroundings->inherited), admin);
  if (!started.ok()) {
    reloader.Stop();  // the admin server may wait for it
    return Fail(started, kExitFailed, predecessor);
  }
  if (predecessor) TakeOver(**host, notifier, *predecessor);
  const PidFile pid_file(loaded.config->host.pid_file);
  notifier.Ready(ServingStatus(*loaded.config));
  predecessor.reset();
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
  // A look at the configuration is no start: what starts have left is theirs.
  const auto stateless = std::make_shared<Config>(*loaded.config);
  stateless->host.state_directory.clear();
  // Standard output is for the result.
  stateless->log.output = {LogOutput::Kind::kStderr, ""};
  stateless->log.level = LogConfig::Level::kWarn;
  asio::io_context io(1);
  const auto host = Host::Prepare(stateless, io);
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
