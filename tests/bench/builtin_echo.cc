// SPDX-License-Identifier: Apache-2.0
//
// The host without modules: its own libraries from socket to chain, and echo compiled in behind
// them. What meshhost with the echo module costs more than this is the price of the ABI.
//
//   builtin_echo CONFIG     a meshhost configuration; its modules and admin address are not used
//
// Runs until SIGTERM or SIGINT.

#include <sys/resource.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "host/base/status_macros.h"
#include "host/config/load.h"
#include "host/runtime/bound_listeners.h"
#include "host/runtime/serving_worker.h"
#include "host/runtime/settings_from_config.h"
#include "host/telemetry/access_log.h"
#include "host/telemetry/async_log.h"
#include "host/telemetry/registry.h"
#include "tests/bench/echo_directory.h"

namespace meshhost::bench {
namespace {

constexpr uint32_t kWorkers = 1;

// Before any thread is made, so that all of them inherit the mask and only main sees the signals.
sigset_t BlockStopSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return stop;
}

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

absl::Status Serve(const Config& config, const sigset_t& stop) {
  ASSIGN_OR_RETURN(const std::unique_ptr<AsyncLog> log, AsyncLog::Open(config.log));
  std::unique_ptr<AccessLog> access_log;
  if (config.access_log.output.kind != LogOutput::Kind::kOff) {
    ASSIGN_OR_RETURN(access_log, AccessLog::Open(config.access_log, kWorkers));
  }
  Registry metrics(Registry::Options{kWorkers, config.metrics.max_series_per_family});
  std::vector<std::string> names;
  for (const ListenerConfig& listener : config.listeners) names.push_back(listener.name);
  ASSIGN_OR_RETURN(ListenerMetrics listener_metrics, ListenerMetrics::Make(metrics, names));
  InFlightLimits limits(kWorkers);
  ASSIGN_OR_RETURN(std::unique_ptr<FilterStack> filters,
                   FilterStack::Make({metrics, access_log.get(), listener_metrics, limits, &config},
                                     {config.limits.max_in_flight, 0}));
  ASSIGN_OR_RETURN(const std::unique_ptr<EchoDirectory> directory,
                   EchoDirectory::Make(config, std::move(filters)));
  ListenerEnvironment listening{std::make_shared<Admission>(0), kWorkers, *log, {}};
  ASSIGN_OR_RETURN(std::vector<BoundListener> listeners, ReadListeners(config, nullptr, listening));
  RETURN_IF_ERROR(BindListeners(config, listening, listeners));
  ApplyToListeners(config, listening, listeners);
  ServingWorker worker(0);
  worker.Publish(*directory, *directory, HttpSettingsFrom(config), GrpcSettingsFrom(config));
  for (BoundListener& listener : listeners) {
    worker.AddListener(std::move(listener.sockets[0]), listener.settings);
  }
  worker.Start();
  int signal = 0;
  sigwait(&stop, &signal);
  worker.StopAndJoin();
  return absl::OkStatus();
}

}  // namespace
}  // namespace meshhost::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " CONFIG\n";
    return 64;
  }
  const sigset_t stop = meshhost::bench::BlockStopSignals();
  meshhost::bench::RaiseDescriptorLimit();
  const meshhost::ConfigResult loaded = meshhost::LoadConfig(argv[1]);
  for (const meshhost::ConfigError& error : loaded.errors) std::cerr << error.ToString() << "\n";
  if (!loaded.ok()) return 1;
  const absl::Status served = meshhost::bench::Serve(*loaded.config, stop);
  if (!served.ok()) std::cerr << served.message() << "\n";
  return served.ok() ? 0 : 1;
}
