// SPDX-License-Identifier: Apache-2.0
//
// What the quarantine knows, as files, so that an operator can see and undo it with a shell:
//
//   STATE/crash-PID.json                 record of the running process, empty unless it dies
//   STATE/modules/NAME/SHA256.loaded     when this file was loaded last (seconds since the epoch)
//   STATE/modules/NAME/SHA256.so         the last good copy: it lived through the window
//   STATE/modules/NAME/SHA256.crash      the crash that put this file in quarantine
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host/module/crash_record.h"

namespace meshhost {

// Owned by the Quarantine; control thread. Times are seconds since the epoch.
class QuarantineFiles final {
 public:
  // Makes the folder.
  [[nodiscard]] static absl::StatusOr<QuarantineFiles> Open(const std::string& state_directory);

  std::string OwnCrashRecord() const;
  // Those of processes that are gone; taken away as they are read.
  std::vector<CrashRecord> TakeCrashRecords() const;

  absl::Status SetLoaded(std::string_view module, std::string_view sha256, std::uint64_t at) const;
  std::optional<std::uint64_t> LoadedAt(std::string_view module, std::string_view sha256) const;

  void ForgetLoadedBefore(std::uint64_t when) const;

  bool IsGood(std::string_view module, std::string_view sha256) const;
  // Path and hash; nothing when no file of that module was good yet.
  struct GoodCopy {
    std::string path;
    std::string sha256;
  };
  std::optional<GoodCopy> LastGood(std::string_view module) const;
  // Copies `file` in one step, in place of the good copy of before.
  absl::Status SetGood(std::string_view module, std::string_view sha256,
                       const std::string& file) const;

  absl::Status SetCrashed(const CrashRecord& crash) const;
  std::optional<CrashRecord> Crash(std::string_view module, std::string_view sha256) const;
  // What to remove for another try.
  std::string CrashPath(std::string_view module, std::string_view sha256) const;

 private:
  explicit QuarantineFiles(std::string directory) : directory_(std::move(directory)) {}
  std::string PathOf(std::string_view module, std::string_view sha256,
                     std::string_view suffix) const;

  std::string directory_;
};

}  // namespace meshhost
