// SPDX-License-Identifier: Apache-2.0
//
// The child's side of a pre-flight. Everything is loaded before anything is created, as in the host
// where all modules of a configuration live together: two of them may not fit beside each other.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <deque>
#include <iostream>
#include <mutex>
#include <utility>
#include <variant>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/module/child_process.h"
#include "host/module/module_instance.h"
#include "host/module/preflight_protocol.h"

namespace meshhost {
namespace {

constexpr int kNiceness = 5;  // a third of the share of a thread that serves

void Report(const PreflightReport& report) {
  const std::string line = WritePreflightReport(report);
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = ::write(ChildProcess::kLines, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;  // the host is gone, and so are we
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string ReadInput() {
  std::string all;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(0, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return all;
    all.append(buffer, static_cast<std::size_t>(n));
  }
}

// What a module logs while it fails is part of why it failed.
class OutputLog final : public Log {
 public:
  bool Enabled(LogLevel level) const override { return level >= LogLevel::kWarn; }
  void Write(LogLevel level, std::string_view text, std::span<const LogField> fields) override {
    if (!Enabled(level)) return;
    std::lock_guard lock(mutex_);
    std::cerr << text;
    for (const LogField& field : fields) {
      std::cerr << " " << field.name() << "=";
      std::visit([](const auto& value) { std::cerr << value; }, field.value());
    }
    std::cerr << std::endl;
  }

 private:
  std::mutex mutex_;
};

class NoHealth final : public HealthSink {
 public:
  void SetServing(std::string_view, std::string_view, bool) override {}
};

// One pre-flight. On the stack of the child's only thread.
class Rehearsal final {
 public:
  explicit Rehearsal(const PreflightPlan& plan)
      : plan_(plan), environment_{metrics_, log_, health_, plan.run_directory} {}

  absl::Status Run() {
    for (const ModuleConfig* module : plan_.kept) RETURN_IF_ERROR(Load(*module));
    for (const ModuleConfig* module : plan_.changed) RETURN_IF_ERROR(Load(*module));
    const auto first = instances_.begin() + static_cast<std::ptrdiff_t>(plan_.kept.size());
    for (auto each = first; each != instances_.end(); ++each) {
      Report({PreflightReport::Kind::kStep, (*each)->name(), std::string(kPreflightCreate)});
      RETURN_IF_ERROR((*each)->RunCreate());
    }
    while (!instances_.empty()) TakeLast();
    return absl::OkStatus();
  }

 private:
  absl::Status Load(const ModuleConfig& module) {
    Report({PreflightReport::Kind::kStep, module.name, std::string(kPreflightLoad)});
    ASSIGN_OR_RETURN(std::unique_ptr<ModuleInstance> instance,
                     ModuleInstance::Load(module, 1, environment_, claims_));
    patience_.push_back(module.stop_timeout);
    instances_.push_back(std::move(instance));
    return absl::OkStatus();
  }

  void TakeLast() {
    std::unique_ptr<ModuleInstance> instance = std::move(instances_.back());
    instances_.pop_back();
    Report({PreflightReport::Kind::kStep, instance->name(), std::string(kPreflightDestroy)});
    const ModuleInstance::Unloaded unloaded = instance->Unload(patience_.back());
    patience_.pop_back();
    if (unloaded.unmapped) return;
    Report({PreflightReport::Kind::kWarning, instance->name(), unloaded.retained_by});
    ModuleInstance::Abandon(std::move(instance));
  }

  const PreflightPlan& plan_;
  Registry metrics_{{}};
  OutputLog log_;
  NoHealth health_;
  const ModuleEnvironment environment_;
  Claims claims_;
  std::deque<std::unique_ptr<ModuleInstance>> instances_;
  std::deque<std::chrono::nanoseconds> patience_;
};

}  // namespace

int RunPreflightChild() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);
  // A host that serves needs the processor more than a rehearsal does.
  (void)::setpriority(PRIO_PROCESS, 0, kNiceness);
  absl::StatusOr<ReceivedPlan> received = ParsePreflightPlan(ReadInput());
  absl::Status result = received.status();
  if (result.ok()) {
    auto rehearsal = std::make_unique<Rehearsal>(received->plan);
    result = rehearsal->Run();
    (void)rehearsal.release();  // what failed in between may still run
  }
  if (result.ok()) {
    Report({PreflightReport::Kind::kDone, "", ""});
    return 0;
  }
  Report({PreflightReport::Kind::kFailed, "", std::string(result.message())});
  return 1;
}

}  // namespace meshhost
