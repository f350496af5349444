// SPDX-License-Identifier: Apache-2.0
#include "host/module/preflight.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "host/base/clock.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/base/units.h"
#include "host/config/config_error.h"
#include "host/module/child_process.h"
#include "host/module/preflight_protocol.h"
#include "host/module/private_directory.h"

namespace meshhost {
namespace {

// For the program itself to begin.
constexpr std::chrono::seconds kStartPatience{10};
constexpr std::uint64_t kGiveUpPoll = 100'000'000;  // ns

// The child cannot take its copies away when it is killed.
class CopyFolder final {
 public:
  static absl::StatusOr<CopyFolder> Create(const std::string& run_directory) {
    RETURN_IF_ERROR(PreparePrivateDirectory("run directory", run_directory));
    std::string path = std::filesystem::path(run_directory) / "preflight-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return absl::InternalError(Concat({"pre-flight: ", path, ": ", std::strerror(errno)}));
    }
    return CopyFolder(std::move(path));
  }
  CopyFolder(CopyFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  CopyFolder& operator=(CopyFolder&&) = delete;
  ~CopyFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit CopyFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Follows one child to its end. On the stack.
class Flight final {
 public:
  Flight(const PreflightPlan& plan, ChildProcess child, Log& log)
      : plan_(plan), child_(std::move(child)), log_(log) {}

  absl::Status Follow() {
    for (;;) {
      std::string line;
      const std::uint64_t until = since_ns_ + static_cast<std::uint64_t>(patience_.count());
      const std::uint64_t look_up = MonotonicNs() + kGiveUpPoll;
      const ChildProcess::Event event = child_.NextLine(std::min(until, look_up), &line);
      if (plan_.give_up != nullptr && plan_.give_up->load(std::memory_order_acquire)) {
        return absl::CancelledError("pre-flight: the host is stopping");
      }
      switch (event) {
        case ChildProcess::Event::kTimeout:
          if (MonotonicNs() < until) continue;
          return Failed(Concat({"still not done after ", FormatDuration(patience_)}));
        case ChildProcess::Event::kEnded:
          return Failed(child_.End());
        case ChildProcess::Event::kLine:
          break;
      }
      const PreflightReport report = ParsePreflightReport(line);
      if (report.kind == PreflightReport::Kind::kDone) return absl::OkStatus();
      if (report.kind == PreflightReport::Kind::kFailed) {
        return Placed(Concat({"pre-flight: ", report.text}));
      }
      Note(report);
    }
  }

 private:
  void Note(const PreflightReport& report) {
    if (report.kind == PreflightReport::Kind::kWarning) {
      log_.Warn("pre-flight: module could not be unloaded",
                {{"module", report.module}, {"retained_by", report.text}});
    }
    if (report.kind != PreflightReport::Kind::kStep) return;
    at_ = report;
    since_ns_ = MonotonicNs();
    if (const ModuleConfig* module = Find(at_.module)) patience_ = PatienceFor(*module, at_.text);
  }

  // Two gates of unloading; the child's own words come before our verdict.
  static std::chrono::nanoseconds PatienceFor(const ModuleConfig& module, std::string_view step) {
    if (step == kPreflightDestroy) return 2 * module.stop_timeout + std::chrono::seconds(1);
    return module.init_timeout;
  }

  absl::Status Failed(std::string_view how) {
    (void)child_.End();  // the last words of a child that hangs
    std::string text = "pre-flight: ";
    if (!at_.module.empty()) text += Concat({"module \"", at_.module, "\": ", at_.text, ": "});
    text += how;
    const std::string words = child_.LastWords();
    if (!words.empty()) text += Concat({"; its last output: ", words});
    return Placed(text);
  }

  // With the place of the module that was at work.
  absl::Status Placed(std::string_view text) const {
    const absl::Status error = absl::FailedPreconditionError(std::string(text));
    const ModuleConfig* module = Find(at_.module);
    if (module == nullptr || plan_.config_file.empty()) return error;
    return StatusAt(plan_.config_file, module->position, error);
  }

  const ModuleConfig* Find(std::string_view name) const {
    for (const auto* modules : {&plan_.changed, &plan_.kept}) {
      for (const ModuleConfig* module : *modules) {
        if (module->name == name) return module;
      }
    }
    return nullptr;
  }

  const PreflightPlan& plan_;
  ChildProcess child_;
  Log& log_;
  PreflightReport at_;
  std::uint64_t since_ns_ = MonotonicNs();
  std::chrono::nanoseconds patience_ = kStartPatience;
};

}  // namespace

absl::Status Preflight(const PreflightPlan& plan, Log& log) {
  if (plan.changed.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const CopyFolder copies, CopyFolder::Create(plan.run_directory));
  auto child = ChildProcess::Start(plan.executable, {"meshhost", "module", "preflight"},
                                   WritePreflightPlan(plan, copies.path()));
  if (!child.ok()) {
    return absl::InternalError(Concat({"pre-flight: ", std::string(child.status().message())}));
  }
  // Declared after the folder: the child is gone before its copies are removed.
  Flight flight(plan, *std::move(child), log);
  return flight.Follow();
}

}  // namespace meshhost
