// SPDX-License-Identifier: Apache-2.0
//
// Quarantine: a module file that kills the host right after it was loaded is not loaded a second
// time. Without it, a service manager that restarts the host restarts it into the same crash.
//
//   loaded --(a crash in its code within the window)--> in quarantine: the next start takes the
//   last
//      |                                                good copy, or leaves the module out
//      '-----(the window passes)----------------------> good: kept as the copy to fall back to, and
//                                                       never put in quarantine any more
//
// Files are told apart by their SHA-256, so a new file is tried whatever became of the old one.
// A pinned module never falls back: its operator has said which file it must be.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "host/config/config.h"
#include "host/module/crash_handler.h"
#include "host/module/quarantine_files.h"
#include "host/telemetry/log.h"
#include "host/telemetry/registry.h"

namespace meshhost {

class ModuleInstance;

// Owned by the Host; control thread.
class Quarantine final {
 public:
  using Clock = std::chrono::system_clock;

  // Reads what processes of before have left: their crashes are logged and judged here. From now on
  // CrashHandler records what this process dies of. No state
  // directory, or a window of 0s: nothing is ever in quarantine. `log` and `metrics` outlive it.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Quarantine>> Open(const HostConfig& config,
                                                                        Log& log,
                                                                        Registry& metrics);

  // What to load for a module, with its path and pin: the configured file, or the last good copy.
  // Nothing: leave the module out. The log says which and why, and the file's window begins.
  [[nodiscard]] std::optional<ModuleConfig> Choose(const ModuleConfig& module,
                                                   Clock::time_point now = Clock::now());
  // What Choose would say, for a look at it: nothing is written, logged or shown.
  [[nodiscard]] std::optional<ModuleConfig> Foresee(const ModuleConfig& module) const;
  // This instance serves from now on: its window begins again.
  void Activated(const ModuleInstance& instance, Clock::time_point now = Clock::now());
  // It is about to be unloaded: whether it was good is never known, unless it is by now.
  void Retired(const ModuleInstance& instance);
  // Files whose window has passed are good. Cheap; call every second or so.
  void Advance(Clock::time_point now = Clock::now());

 private:
  struct Active {
    std::string module;
    std::string sha256;
    std::string file;  // the private copy that is mapped
    std::uint64_t generation;
    Clock::time_point good_at;
  };

  struct Choice {
    std::optional<ModuleConfig> file;
    std::string sha256;                // of the configured file; empty: not looked at
    std::optional<CrashRecord> crash;  // of it
  };

  Quarantine(std::optional<QuarantineFiles> files, std::chrono::nanoseconds window, Log& log,
             Registry& metrics);
  void Judge(const CrashRecord& crash);
  Choice Look(const ModuleConfig& module) const;
  std::optional<ModuleConfig> FallBack(const ModuleConfig& module) const;
  void LogFallBack(const ModuleConfig& module, const Choice& choice);
  void Show(const std::string& module, bool quarantined);
  void Report(const absl::Status& status);

  const std::optional<QuarantineFiles> files_;  // nothing: off
  std::optional<CrashRecordFile> record_;       // of this process, for the next one
  const std::chrono::nanoseconds window_;
  Log& log_;
  Registry& metrics_;
  std::vector<Active> active_;
  // Shared with the callbacks of the metric, on threads of scrapes.
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> shown_;
};

}  // namespace meshhost
