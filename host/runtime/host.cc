// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/host.h"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <ctime>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/config/config_error.h"
#include "host/net/socket_address.h"
#include "host/runtime/host_metrics.h"
#include "host/runtime/production_warnings.h"
#include "host/telemetry/host_info.h"

namespace meshhost {
namespace {

uint32_t WorkerCount(const Config& config) {
  if (config.host.workers != 0) return config.host.workers;
  return std::max(1u, std::thread::hardware_concurrency());
}

LogLevel LevelOf(const LogConfig& config) { return static_cast<LogLevel>(config.level); }

// Pre-flight, create, hand-over, start and reconfigure, and to undo them where one fails.
std::chrono::nanoseconds TimeToPrepare(const Config& config) {
  std::chrono::nanoseconds time = std::chrono::seconds(20);
  for (const ModuleConfig& module : config.modules) {
    time += 6 * module.init_timeout + 4 * module.stop_timeout;
  }
  return time;
}

// For a module to be unloaded: destroy, and two gates that may not open.
constexpr std::chrono::seconds kTimeToUnload{30};

// What the workers listen on.
struct SocketCollection {
  absl::Mutex mutex;
  std::vector<std::pair<uint64_t, UniqueFd>> sockets ABSL_GUARDED_BY(mutex);
  size_t workers_left ABSL_GUARDED_BY(mutex) = 0;
};

// Duplicates of one socket have the same.
uint64_t SocketCookie(int fd) {
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  ::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length);
  return cookie;
}

// How far the workers have changed to a generation.
struct Switch {
  Host::Switched switched;
  std::atomic<size_t> workers_left;
};

}  // namespace

Host::Host(const Config& config, boost::asio::io_context& control)
    : control_(control), worker_count_(WorkerCount(config)), limits_(worker_count_) {}

Host::~Host() {
  if (log_ != nullptr) Shutdown();
}

absl::StatusOr<std::unique_ptr<Host>> Host::Prepare(std::shared_ptr<const Config> config,
                                                    boost::asio::io_context& control) {
  std::unique_ptr<Host> host(new Host(*config, control));
  RETURN_IF_ERROR(host->Build(std::move(config)));
  return host;
}

absl::Status Host::Build(std::shared_ptr<const Config> config) {
  ASSIGN_OR_RETURN(log_, AsyncLog::Open(config->log));
  if (config->access_log.output.kind != LogOutput::Kind::kOff) {
    ASSIGN_OR_RETURN(access_log_, AccessLog::Open(config->access_log, worker_count_));
  }
  metrics_ = std::make_unique<Registry>(
      Registry::Options{worker_count_, config->metrics.max_series_per_family});
  ASSIGN_OR_RETURN(ListenerMetrics listener_metrics, ListenerMetrics::Make(*metrics_, {}));
  listener_metrics_ = std::make_unique<ListenerMetrics>(std::move(listener_metrics));
  listening_ = std::make_unique<ListenerEnvironment>(
      ListenerEnvironment{std::make_shared<Admission>(0), worker_count_, *log_, {}});
  certificate_watch_ = std::make_unique<CertificateWatch>(*metrics_, *log_);
  ASSIGN_OR_RETURN(services_, CallServices::Start(*config, {*metrics_, *log_, worker_count_}));
  ASSIGN_OR_RETURN(quarantine_, Quarantine::Open(config->host, *log_, *metrics_));
  unloader_ = std::make_unique<ModuleUnloader>(
      *log_, [this](const ModuleInstance& instance) { OnUnload(instance); });
  for (uint32_t i = 0; i < worker_count_; ++i) {
    workers_.push_back(std::make_unique<ServingWorker>(i));
    heartbeats_.push_back(std::make_unique<Heartbeat>(workers_.back()->worker()));
  }
  retirement_ = std::make_unique<Retirement>(control_, workers_);
  ASSIGN_OR_RETURN(current_, Assemble(std::move(config), {++last_generation_, nullptr}, {}));
  RETURN_IF_ERROR(AddListenerMetrics(current_->config()));
  return AddMetrics();
}

DeploymentEnvironment Host::deployment_environment(const Config& config) {
  FilterEnvironment filters{*metrics_, access_log_.get(), *listener_metrics_, limits_, &config};
  services_->AddTo(filters);
  return {filters, state_.health(), reflection_};
}

absl::StatusOr<std::unique_ptr<Generation>> Host::Assemble(std::shared_ptr<const Config> config,
                                                           const Assembly& assembly,
                                                           const std::set<std::string>& replace) {
  const Generation* const running = assembly.running;
  auto next = std::make_unique<Generation>(assembly.number, std::move(config));
  ASSIGN_OR_RETURN(
      next->listeners(),
      ReadListeners(next->config(), running == nullptr ? nullptr : &running->listeners(),
                    *listening_));
  const ModuleLoading loading{
      {*metrics_, *log_, state_, next->config().host.run_directory, worker_count_,
       static_cast<size_t>(next->config().limits.connection_buffer)},
      *unloader_,
      *quarantine_,
      give_up_,
      assembly.purpose};
  RETURN_IF_ERROR(next->modules().Create(next->config(), loading, next->number(),
                                         running == nullptr ? nullptr : &running->modules(),
                                         replace));
  RETURN_IF_ERROR(services_->Prepare(next->config()));
  RETURN_IF_ERROR(next->Deploy(deployment_environment(next->config()), running));
  return next;
}

absl::Status Host::AddListenerMetrics(const Config& config) {
  for (const ListenerConfig& listener : config.listeners) {
    RETURN_IF_ERROR(listener_metrics_->Add(listener.name));
  }
  return absl::OkStatus();
}

absl::Status Host::AddMetrics() {
  RETURN_IF_ERROR(AddHostMetrics(*metrics_, *log_, access_log_.get()));
  for (uint32_t i = 0; i < workers_.size(); ++i) {
    RETURN_IF_ERROR(AddWorkerMetrics(*metrics_, i, *workers_[i]));
  }
  ASSIGN_OR_RETURN(reload_counters_,
                   AddReloadMetrics(
                       *metrics_, [this] { return static_cast<double>(state_.generation()); },
                       [this] { return static_cast<double>(unloader_->retained().size()); }));
  return absl::OkStatus();
}

// ---- Serving.

absl::Status Host::BringUp(Generation& next) {
  RETURN_IF_ERROR(next.modules().Start(give_up_));
  return BindListeners(next.config(), *listening_, next.listeners());
}

BindAddress Host::admin_address() const {
  BindAddress address = current_->config().admin.address;
  address.port = admin_->port();
  return address;
}

absl::Status Host::StartAdmin(AdminOperations& operations, const BindAddress* predecessor) {
  ASSIGN_OR_RETURN(admin_, AdminServer::Start(current_->config().admin, *metrics_, state_,
                                              operations, predecessor));
  return absl::OkStatus();
}

absl::Status Host::Start(AdminOperations& operations, InheritedSockets inherited,
                         const BindAddress* predecessor) {
  listening_->inherited = std::move(inherited);
  RETURN_IF_ERROR(BindListeners(current_->config(), *listening_, current_->listeners()));
  for (const InheritedSocket& socket : listening_->inherited.TakeUnusedOfPredecessor()) {
    if (socket.from != InheritedSocket::From::kPredecessorWithFile) continue;
    dropped_files_.emplace_back(BoundAddress(socket.fd.get()).path, SocketFile::Owner::kAnother);
  }
  state_.SetGeneration(*current_);
  std::vector<const Heartbeat*> heartbeats;
  for (const auto& heartbeat : heartbeats_) heartbeats.push_back(heartbeat.get());
  state_.SetHeartbeats(std::move(heartbeats));
  // One that shares its port with the predecessor must not answer before it has something to say.
  if (predecessor == nullptr) RETURN_IF_ERROR(StartAdmin(operations, nullptr));
  RETURN_IF_ERROR(current_->modules().Start(give_up_));
  if (predecessor != nullptr) RETURN_IF_ERROR(StartAdmin(operations, predecessor));
  Apply(*current_);
  for (size_t i = 0; i < workers_.size(); ++i) PublishTo(*workers_[i], i, *current_);
  LogListeners();
  log_->Info("listening",
             {{"listener", "admin"}, {"address", admin_address().ToString()}, {"tls", false}});
  for (const auto& worker : workers_) worker->Start();
  for (const std::string& name : listening_->inherited.Unused()) {
    log_->Warn("passed socket is not used by any listener", {{"name", name}});
  }
  state_.BeginServing();
  size_t endpoints = 0;
  for (const auto& deployment : current_->deployments())
    endpoints += deployment->endpoints().size();
  log_->Info("ready", {{"workers", workers_.size()},
                       {"modules", current_->modules().entries().size()},
                       {"endpoints", endpoints}});
  return absl::OkStatus();
}

void Host::LogListeners() const {
  for (const BoundListener& listener : current_->listeners()) {
    if (listener.sockets.empty()) continue;
    log_->Info("listening", {{"listener", listener.settings->listener},
                             {"address", listener.bound.ToString()},
                             {"tls", listener.settings->tls != nullptr}});
  }
}

// On the worker, or before it starts.
void Host::PublishTo(ServingWorker& worker, size_t index, Generation& next) {
  worker.Publish(next, next.refusing(), next.http(), next.grpc());
  for (BoundListener& listener : next.listeners()) {
    bool is_new = false;
    for (size_t i = index; i < listener.sockets.size(); i += workers_.size()) {
      if (!listener.sockets[i].valid()) break;
      worker.AddListener(std::move(listener.sockets[i]), listener.settings);
      is_new = true;
    }
    if (!is_new) worker.UpdateListener(listener.settings);
  }
}

// What a generation changes outside of the workers.
void Host::Apply(Generation& next) {
  log_->SetLevel(LevelOf(next.config().log));
  services_->Apply(next.config());
  ApplyToListeners(next.config(), *listening_, next.listeners());
  for (const auto& deployment : next.deployments()) deployment->ApplyLimits();
  for (const ModuleSet::Entry& module : next.modules().entries()) {
    const ModuleInstance& instance = *module.instance;
    if (module_info_.contains(&instance)) continue;
    const MetricOwner owner = metrics_->NewOwner();
    // More series than a family may have: the module runs without this one.
    (void)AddModuleInfo(*metrics_, instance.name(), instance.report().note.version,
                        instance.file_sha256(), owner);
    module_info_[&instance] = owner;
    quarantine_->Activated(instance);
  }
  reflection_.Replace(next.Reflection());
  Speak(next);
  WatchCertificates(next);
  WarnOfProductionOverrides(next.config(), *log_);
}

void Host::WatchCertificates(const Generation& next) {
  std::set<std::string> names;
  for (const BoundListener& listener : next.listeners()) {
    const std::string& name = listener.settings->listener;
    names.insert(name);
    for (const std::string& warning : listener.rehearsal.warnings) {
      log_->Warn("certificates", {{"listener", name}, {"warning", warning}});
    }
    for (const CertificateChange& change : listener.rehearsal.changes) {
      log_->Info("certificate changed", {{"listener", name}, {"change", change.ToString()}});
    }
    // More series than a family may have: it serves without these.
    (void)certificate_watch_->Replace(name, listener.settings->tls);
  }
  for (const BoundListener& listener : current_->listeners()) {
    const std::string& name = listener.settings->listener;
    if (!names.contains(name)) (void)certificate_watch_->Replace(name, nullptr);
  }
  WarnOfExpiry();
}

void Host::WarnOfExpiry() { certificate_watch_->WarnOfExpiry(std::time(nullptr)); }

// Services and their health as the modules of `next` tell.
void Host::Speak(const Generation& next) {
  for (const ModuleSet::Entry& module : current_->modules().entries()) {
    if (!next.modules().Contains(*module.instance)) module.instance->SpeakForModule(false);
  }
  std::map<std::string, std::string> services;  // to the module
  for (const ModuleSet::Entry& module : next.modules().entries()) {
    module.instance->SpeakForModule(true);
    const auto told = module.instance->health();
    for (const std::string& service : module.instance->registration().services()) {
      const auto found = told.find(service);
      state_.SetServing(module.config->name, service, found == told.end() || found->second);
      services[service] = module.config->name;
    }
  }
  for (const ModuleSet::Entry& module : current_->modules().entries()) {
    for (const std::string& service : module.instance->registration().services()) {
      const auto found = services.find(service);
      if (found == services.end() || found->second != module.config->name) {
        state_.Forget(module.config->name, service, found == services.end());
      }
    }
  }
}

void Host::OnUnload(const ModuleInstance& instance) {
  pulse_.Allow(kTimeToUnload);
  quarantine_->Retired(instance);
  const auto found = module_info_.find(&instance);
  if (found == module_info_.end()) return;
  metrics_->RemoveOwner(found->second);
  module_info_.erase(found);
}

// ---- Changing.

// On the stack around what may take long.
class Host::Preparation final {
 public:
  Preparation(Host& host, const Config& config) : host_(host) {
    host.preparing_.store(true, std::memory_order_release);
    host.pulse_.Allow(TimeToPrepare(config));
  }
  ~Preparation() { host_.preparing_.store(false, std::memory_order_release); }
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

 private:
  Host& host_;
};

void Host::GiveUpPreparing() {
  give_up_.store(true, std::memory_order_release);
  if (preparing()) log_->Info("stop asked for: the reload under way is given up", {});
}

absl::StatusOr<std::unique_ptr<Generation>> Host::PrepareNext(
    std::shared_ptr<const Config> config) {
  const Preparation preparation(*this, *config);
  std::set<std::string> replace;
  const uint64_t number = ++last_generation_;
  while (true) {
    ASSIGN_OR_RETURN(std::unique_ptr<Generation> next,
                     Assemble(config, {number, current_.get()}, replace));
    RETURN_IF_ERROR(AddListenerMetrics(next->config()));
    RETURN_IF_ERROR(CheckLiveInstances(*next));
    RETURN_IF_ERROR(BringUp(*next));
    const absl::Status reconfigured = Reconfigure(*next, replace);
    if (reconfigured.ok()) return next;
    if (!absl::IsUnimplemented(reconfigured)) return reconfigured;
  }
}

absl::StatusOr<std::unique_ptr<Generation>> Host::PlanNext(std::shared_ptr<const Config> config) {
  const Preparation preparation(*this, *config);
  return Assemble(std::move(config),
                  {last_generation_ + 1, current_.get(), ModuleLoading::Purpose::kLook}, {});
}

absl::Status Host::CheckLiveInstances(const Generation& next) const {
  const uint32_t most = next.config().reload.max_generations;
  const std::vector<RetainedModule> retained = unloader_->retained();
  for (const ModuleSet::Entry& module : next.modules().entries()) {
    if (!module.fresh) continue;
    const std::string& name = module.config->name;
    size_t live = 1 + retirement_->Instances(name, *current_) +
                  (current_->modules().Find(name) != nullptr ? 1 : 0);
    for (const RetainedModule& one : retained) live += one.module == name ? 1 : 0;
    if (live <= most) continue;
    return StatusAt(next.config().file, module.config->position,
                    absl::ResourceExhaustedError(Concat(
                        {"module \"", name, "\" would be live ", std::to_string(live),
                         " times, reload.max_generations is ", std::to_string(most),
                         ": older generations still have calls open or could not be unloaded"})));
  }
  return absl::OkStatus();
}

absl::Status Host::Reconfigure(const Generation& next, std::set<std::string>& replace) {
  std::vector<const ModuleSet::Entry*> done;
  absl::Status status;
  for (const ModuleSet::Entry& module : next.modules().entries()) {
    if (!module.reconfigure) continue;
    status = module.instance->Reconfigure(module.config->config_json);
    if (status.ok()) {
      done.push_back(&module);
      continue;
    }
    if (absl::IsUnimplemented(status)) replace.insert(module.config->name);
    status = StatusAt(next.config().file, module.config->position, status);
    break;
  }
  if (status.ok()) return status;
  for (const ModuleSet::Entry* module : done) {
    (void)module->instance->Reconfigure(module->running_config->config_json);
  }
  return status;
}

void Host::UndoReconfiguration(const Generation& failed) {
  for (const ModuleSet::Entry& module : failed.modules().entries()) {
    if (!module.reconfigure) continue;
    const absl::Status undone = module.instance->Reconfigure(module.running_config->config_json);
    if (undone.ok()) continue;
    log_->Error("module did not take its former settings back",
                {{"module", module.config->name},
                 {"error", std::string_view(undone.message().data(), undone.message().size())}});
  }
}

void Host::Commit(std::unique_ptr<Generation> next, Switched switched) {
  Apply(*next);
  auto change = std::make_shared<Switch>();
  before_ = std::exchange(current_, std::move(next));
  change->switched = std::move(switched);
  change->workers_left = workers_.size();
  LogListeners();
  state_.SetGeneration(*current_);
  for (size_t i = 0; i < workers_.size(); ++i) {
    ServingWorker& worker = *workers_[i];
    worker.Run([this, change, &worker, i, to = current_.get()] {
      PublishTo(worker, i, *to);
      if (change->workers_left.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      boost::asio::post(control_, [this, change] { change->switched(std::move(before_)); });
    });
  }
}

void Host::Retire(std::unique_ptr<Generation> old) {
  for (const BoundListener& listener : old->listeners()) {
    if (FindListener(current_->listeners(), listener.id) != nullptr) continue;
    log_->Info("listener closes",
               {{"listener", listener.settings->listener}, {"address", listener.bound.ToString()}});
    for (const auto& worker : workers_) {
      worker->Run([raw = worker.get(), id = listener.id] { raw->RemoveListener(id); });
    }
  }
  retirement_->Retire(std::move(old), *current_);
}

// ---- Replacing.

SocketHandoff Host::Describe(std::vector<std::pair<uint64_t, UniqueFd>> sockets) const {
  SocketHandoff handoff{listening_->inherited.Passed(), admin_address()};
  std::set<uint64_t> known;
  for (auto& [id, fd] : sockets) {
    const BoundListener* listener = FindListener(current_->listeners(), id);
    // What a reload has dropped ends with this process.
    if (listener == nullptr) continue;
    if (listener->configured.family == BindAddress::Family::kSystemd) continue;
    if (!known.insert(SocketCookie(fd.get())).second) continue;
    const bool has_file = listener->file != nullptr && !listener->file->empty();
    handoff.sockets.push_back({listener->settings->listener, std::move(fd),
                               has_file ? InheritedSocket::From::kPredecessorWithFile
                                        : InheritedSocket::From::kPredecessor});
  }
  return handoff;
}

void Host::CollectSockets(std::function<void(const SocketHandoff&)> done) {
  auto collection = std::make_shared<SocketCollection>();
  {
    const absl::MutexLock lock(&collection->mutex);
    collection->workers_left = workers_.size();
  }
  for (const auto& worker : workers_) {
    worker->Run([this, collection, done, raw = worker.get()] {
      const absl::MutexLock lock(&collection->mutex);
      for (auto& socket : raw->ListeningSockets()) collection->sockets.push_back(std::move(socket));
      if (--collection->workers_left != 0) return;
      boost::asio::post(control_, [this, collection, done] {
        const absl::MutexLock last(&collection->mutex);
        done(Describe(std::move(collection->sockets)));
      });
    });
  }
}

void Host::SetFileOwner(SocketFile::Owner owner) {
  for (BoundListener& listener : current_->listeners()) {
    if (listener.file != nullptr) listener.file->SetOwner(owner);
  }
}

void Host::TakeOver() {
  SetFileOwner(SocketFile::Owner::kThisProcess);
  for (SocketFile& file : dropped_files_) file.SetOwner(SocketFile::Owner::kThisProcess);
  dropped_files_.clear();
}

void Host::LeaveListeners(std::function<void()> left) {
  SetFileOwner(SocketFile::Owner::kAnother);
  RunOnWorkers(&ServingWorker::LeaveListeners, std::move(left));
}

void Host::DrainGently() {
  log_->Info("draining", {});
  for (const auto& worker : workers_) {
    worker->Run([raw = worker.get()] { raw->DrainGently(); });
  }
}

bool Host::EndAdmin(bool at_once) {
  if (admin_ != nullptr && (at_once || admin_->answering() == 0)) admin_.reset();
  return admin_ == nullptr;
}

// ---- Stopping.

void Host::ForEachCallList(void (*task)(CallList&)) {
  for (const DeploymentRef& deployment : current_->deployments()) {
    for (uint32_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->Run([task, &calls = deployment->calls().For(i)] { task(calls); });
    }
  }
}

void Host::BeginDraining() {
  state_.BeginDraining();
  log_->Info("draining", {});
}

void Host::RunOnWorkers(void (ServingWorker::*task)(), std::function<void()> done) {
  const auto workers_left = std::make_shared<std::atomic<size_t>>(workers_.size());
  for (const auto& worker : workers_) {
    worker->Run([this, task, workers_left, done, raw = worker.get()] {
      (raw->*task)();
      if (workers_left->fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      boost::asio::post(control_, done);
    });
  }
}

void Host::StopAccepting(std::function<void()> stopped) {
  for (BoundListener& listener : current_->listeners()) listener.file.reset();
  RunOnWorkers(&ServingWorker::StopAccepting, std::move(stopped));
}

void Host::DrainSessions(uint64_t deadline_ns) {
  for (const ModuleSet::Entry& module : current_->modules().entries()) {
    module.instance->Drain(deadline_ns);
  }
  ForEachCallList([](CallList& calls) { calls.Drain(Reason::kDraining); });
  retirement_->Drain();
  for (const auto& worker : workers_) {
    worker->Run([raw = worker.get()] { raw->DrainSessions(); });
  }
  draining_sessions_ = true;
}

void Host::AbortCalls() {
  ForEachCallList([](CallList& calls) { calls.AbortAll(Reason::kDraining); });
  retirement_->AbortCalls();
}

bool Host::Idle() const {
  if (retirement_->calls() != 0) return false;
  for (const DeploymentRef& deployment : current_->deployments()) {
    if (deployment->calls().calls() != 0) return false;
  }
  return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) {
    return worker->worker().stats().active.load(std::memory_order_relaxed) == 0;
  });
}

bool Host::Shutdown() {
  for (const auto& worker : workers_) worker->StopAndJoin();
  admin_.reset();
  if (retirement_ != nullptr) retirement_->Forget();
  before_.reset();
  current_.reset();
  return unloader_ == nullptr || unloader_->retained().empty();
}

void Host::CloseLogs() {
  access_log_.reset();
  log_.reset();
}

void Host::ReopenLogs() {
  log_->Reopen();
  if (access_log_ != nullptr) access_log_->Reopen();
}

std::vector<Heartbeat*> Host::heartbeats() const {
  std::vector<Heartbeat*> heartbeats;
  for (const auto& heartbeat : heartbeats_) heartbeats.push_back(heartbeat.get());
  return heartbeats;
}

}  // namespace meshhost
