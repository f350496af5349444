// SPDX-License-Identifier: Apache-2.0
#include "host/module/quarantine.h"

#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/module/module_bytes.h"
#include "host/module/module_instance.h"

namespace meshhost {
namespace {

constexpr std::chrono::hours kForgetMargin{1};

std::uint64_t UnixSeconds(Quarantine::Clock::time_point time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Quarantine>> Quarantine::Open(const HostConfig& config, Log& log,
                                                             Registry& metrics) {
  std::optional<QuarantineFiles> files;
  if (!config.state_directory.empty() && config.quarantine_window.count() > 0) {
    ASSIGN_OR_RETURN(files, QuarantineFiles::Open(config.state_directory));
  }
  std::unique_ptr<Quarantine> quarantine(
      new Quarantine(std::move(files), config.quarantine_window, log, metrics));
  if (!quarantine->files_) return quarantine;
  for (const CrashRecord& crash : quarantine->files_->TakeCrashRecords()) quarantine->Judge(crash);
  ASSIGN_OR_RETURN(CrashRecordFile record,
                   CrashRecordFile::Create(quarantine->files_->OwnCrashRecord()));
  quarantine->record_.emplace(std::move(record));
  // Another process may share the folder for a while, and its files have their window, too.
  quarantine->files_->ForgetLoadedBefore(
      UnixSeconds(Clock::now() -
                  2 * std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::nanoseconds(config.quarantine_window)) -
                  kForgetMargin));
  return quarantine;
}

Quarantine::Quarantine(std::optional<QuarantineFiles> files, std::chrono::nanoseconds window,
                       Log& log, Registry& metrics)
    : files_(std::move(files)), window_(window), log_(log), metrics_(metrics) {}

void Quarantine::Judge(const CrashRecord& crash) {
  log_.Error("a module crashed the host", {{"module", crash.module},
                                           {"generation", crash.generation},
                                           {"method", crash.method},
                                           {"signal", crash.signal},
                                           {"sha256", crash.sha256},
                                           {"unix_seconds", crash.unix_seconds}});
  const std::optional<std::uint64_t> loaded = files_->LoadedAt(crash.module, crash.sha256);
  if (!loaded || files_->IsGood(crash.module, crash.sha256)) return;
  const std::uint64_t age = crash.unix_seconds > *loaded ? crash.unix_seconds - *loaded : 0;
  if (std::chrono::seconds(age) <= window_) Report(files_->SetCrashed(crash));
}

Quarantine::Choice Quarantine::Look(const ModuleConfig& module) const {
  if (!files_) return {module, "", std::nullopt};
  const absl::StatusOr<ModuleBytes> file = ReadModuleBytes(module.path.path);
  if (!file.ok()) return {module, "", std::nullopt};  // the loader says it better
  Choice choice{module, Sha256Hex(file->bytes), std::nullopt};
  choice.crash = files_->Crash(module.name, choice.sha256);
  // What was looked at is what gets loaded, even if the file is replaced in between.
  if (module.sha256.empty()) choice.file->sha256 = choice.sha256;
  if (choice.crash) choice.file = FallBack(module);
  return choice;
}

std::optional<ModuleConfig> Quarantine::FallBack(const ModuleConfig& module) const {
  if (!module.sha256.empty()) return std::nullopt;
  const std::optional<QuarantineFiles::GoodCopy> good = files_->LastGood(module.name);
  if (!good) return std::nullopt;
  ModuleConfig chosen = module;
  chosen.path.path = good->path;
  chosen.sha256 = good->sha256;
  return chosen;
}

std::optional<ModuleConfig> Quarantine::Choose(const ModuleConfig& module, Clock::time_point now) {
  Choice choice = Look(module);
  if (choice.sha256.empty()) return std::move(choice.file);
  Show(module.name, choice.crash.has_value());
  if (choice.crash) {
    LogFallBack(module, choice);
  } else {
    Report(files_->SetLoaded(module.name, choice.file->sha256, UnixSeconds(now)));
  }
  return std::move(choice.file);
}

std::optional<ModuleConfig> Quarantine::Foresee(const ModuleConfig& module) const {
  return Look(module).file;
}

void Quarantine::LogFallBack(const ModuleConfig& module, const Choice& choice) {
  const std::string_view instead =
      choice.file ? "the last good copy is used"
                  : "the module is left out, since it is pinned or no file of it was good yet";
  log_.Error(Concat({"module file is in quarantine: ", instead}),
             {{"module", module.name},
              {"path", module.path.path},
              {"sha256", choice.crash->sha256},
              {"signal", choice.crash->signal},
              {"method", choice.crash->method},
              {"used", choice.file ? choice.file->path.path : std::string()},
              {"remove_to_try_again", files_->CrashPath(module.name, choice.crash->sha256)}});
}

void Quarantine::Activated(const ModuleInstance& instance, Clock::time_point now) {
  const std::string& sha256 = instance.file_sha256();
  if (!files_ || files_->IsGood(instance.name(), sha256)) return;
  Report(files_->SetLoaded(instance.name(), sha256, UnixSeconds(now)));
  active_.push_back(
      {instance.name(), sha256, instance.private_copy(), instance.generation(),
       now + std::chrono::duration_cast<Clock::duration>(window_) + std::chrono::seconds(1)});
}

void Quarantine::Retired(const ModuleInstance& instance) {
  std::erase_if(active_, [&instance](const Active& active) {
    return active.module == instance.name() && active.generation == instance.generation();
  });
}

void Quarantine::Advance(Clock::time_point now) {
  for (const Active& active : active_) {
    if (active.good_at > now) continue;
    const absl::Status kept = files_->SetGood(active.module, active.sha256, active.file);
    Report(kept);
    if (!kept.ok()) continue;
    log_.Info("module file is good: kept as the one to fall back to",
              {{"module", active.module}, {"sha256", active.sha256}});
  }
  std::erase_if(active_, [now](const Active& active) { return active.good_at <= now; });
}

void Quarantine::Show(const std::string& module, bool quarantined) {
  std::shared_ptr<std::atomic<bool>>& shown = shown_[module];
  if (shown == nullptr) {
    shown = std::make_shared<std::atomic<bool>>(false);
    absl::StatusOr<FamilyId> family =
        metrics_.Define({.name = "meshhost_module_quarantined",
                         .help = "1: the module's file crashed the host and is not used.",
                         .kind = MetricKind::kCallbackGauge,
                         .labels = {"module"}});
    if (family.ok()) {
      Report(metrics_.Callback(*family, {module}, [shown] { return shown->load() ? 1.0 : 0.0; }));
    }
  }
  shown->store(quarantined);
}

void Quarantine::Report(const absl::Status& status) {
  if (status.ok()) return;
  log_.Error("quarantine: what should be kept is not", {{"error", std::string(status.message())}});
}

}  // namespace meshhost
