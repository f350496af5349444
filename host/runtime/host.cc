// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/host.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <thread>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/runtime/generation_builder.h"
#include "host/runtime/host_metrics.h"
#include "host/runtime/production_warnings.h"
#include "host/runtime/settings_from_config.h"

namespace meshhost {
namespace {

constexpr std::chrono::seconds kUnloadPatience{2};

uint32_t WorkerCount(const Config& config) {
  if (config.host.workers != 0) return config.host.workers;
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Host::Host(std::shared_ptr<const Config> config)
    : config_(std::move(config)),
      http_settings_(HttpSettingsFrom(*config_)),
      grpc_settings_(GrpcSettingsFrom(*config_)),
      state_(config_) {}

Host::~Host() {
  if (log_ != nullptr) Shutdown();
}

absl::StatusOr<std::unique_ptr<Host>> Host::Prepare(std::shared_ptr<const Config> config) {
  std::unique_ptr<Host> host(new Host(std::move(config)));
  RETURN_IF_ERROR(host->Build());
  return host;
}

absl::Status Host::Build() {
  ASSIGN_OR_RETURN(log_, AsyncLog::Open(config_->log));
  const uint32_t workers = WorkerCount(*config_);
  if (config_->access_log.output.kind != LogOutput::Kind::kOff) {
    ASSIGN_OR_RETURN(access_log_, AccessLog::Open(config_->access_log, workers));
  }
  metrics_ = std::make_unique<Registry>(
      Registry::Options{workers, config_->metrics.max_series_per_family});
  ASSIGN_OR_RETURN(certificates_, ReadCertificates(*config_));
  RETURN_IF_ERROR(
      modules_.Create(*config_, {*metrics_, *log_, state_, config_->host.run_directory, workers,
                                 static_cast<size_t>(config_->limits.connection_buffer)}));
  const GenerationEnvironment environment{*metrics_, access_log_.get(), state_.health()};
  ASSIGN_OR_RETURN(generation_, GenerationBuilder(*config_, environment).Build(modules_));
  for (uint32_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<ServingWorker>(i, http_settings_, grpc_settings_));
    workers_.back()->Publish(*generation_, generation_->refusing());
    heartbeats_.push_back(std::make_unique<Heartbeat>(workers_.back()->worker()));
  }
  return AddMetrics();
}

absl::Status Host::AddMetrics() {
  RETURN_IF_ERROR(AddHostMetrics(*metrics_, *log_, access_log_.get()));
  for (uint32_t i = 0; i < workers_.size(); ++i) {
    RETURN_IF_ERROR(AddWorkerMetrics(*metrics_, i, *workers_[i]));
  }
  return AddModuleMetrics(*metrics_, modules_);
}

absl::Status Host::WatchCertificates() {
  certificate_watch_ = std::make_unique<CertificateWatch>(*metrics_, *log_);
  for (size_t i = 0; i < certificates_.size(); ++i) {
    RETURN_IF_ERROR(certificate_watch_->Replace(config_->listeners[i].name, certificates_[i]));
  }
  certificate_watch_->WarnOfExpiry(std::time(nullptr));
  return absl::OkStatus();
}

absl::Status Host::Start() {
  ASSIGN_OR_RETURN(
      std::vector<BoundListener> listeners,
      BindListeners(*config_, certificates_, static_cast<uint32_t>(workers_.size()), *log_));
  std::vector<const Heartbeat*> heartbeats;
  for (const auto& heartbeat : heartbeats_) heartbeats.push_back(heartbeat.get());
  state_.SetModules(modules_);
  state_.SetGeneration(*generation_);
  state_.SetHeartbeats(std::move(heartbeats));
  ASSIGN_OR_RETURN(admin_, AdminServer::Start(config_->admin, *metrics_, state_));
  RETURN_IF_ERROR(modules_.Start());
  RETURN_IF_ERROR(WatchCertificates());
  WarnOfProductionOverrides(*config_, *log_);
  StartWorkers(std::move(listeners));
  return absl::OkStatus();
}

void Host::StartWorkers(std::vector<BoundListener> listeners) {
  for (BoundListener& listener : listeners) {
    for (size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->AddListener(std::move(listener.sockets.per_worker[i]), listener.settings);
    }
    socket_files_.push_back(std::move(listener.sockets.file));
    log_->Info("listening", {{"listener", listener.settings->listener},
                             {"address", listener.sockets.bound.ToString()},
                             {"tls", listener.settings->tls != nullptr}});
  }
  BindAddress admin = config_->admin.address;
  admin.port = admin_->port();
  log_->Info("listening", {{"listener", "admin"}, {"address", admin.ToString()}, {"tls", false}});
  for (const auto& worker : workers_) worker->Start();
  state_.BeginServing();
  log_->Info("ready", {{"workers", workers_.size()},
                       {"modules", modules_.entries().size()},
                       {"endpoints", generation_->endpoints().size()}});
}

void Host::BeginDraining() {
  state_.BeginDraining();
  log_->Info("draining", {});
}

void Host::StopAccepting() {
  socket_files_.clear();
  for (const auto& worker : workers_) worker->StopAccepting();
}

void Host::DrainSessions(uint64_t deadline_ns) {
  modules_.Drain(deadline_ns);
  for (const auto& worker : workers_) {
    worker->DrainSessions();
    worker->RetireSnapshots();
  }
  retiring_ = true;
}

bool Host::Drained() const {
  return retiring_ && std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) {
           return worker->idle() &&
                  worker->worker().stats().active.load(std::memory_order_relaxed) == 0;
         });
}

void Host::AbortCalls() {
  for (const auto& worker : workers_) worker->AbortCalls();
}

bool Host::Shutdown() {
  for (const auto& worker : workers_) worker->StopAndJoin();
  admin_.reset();
  return modules_.Unload(kUnloadPatience, *log_);
}

void Host::CloseLogs() {
  access_log_.reset();
  log_.reset();
}

void Host::ReopenLogs() {
  log_->Reopen();
  if (access_log_ != nullptr) access_log_->Reopen();
}

void Host::AskHeartbeats() {
  for (const auto& heartbeat : heartbeats_) heartbeat->Ask();
}

}  // namespace meshhost
