// SPDX-License-Identifier: Apache-2.0
#include "host/module/quarantine_files.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/module/private_directory.h"

namespace meshhost {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCrashPrefix = "crash-";

std::optional<std::string> ReadText(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A name of this process alone: during an upgrade of the binary two of them keep their files here.
std::string PartOf(const std::string& path) {
  return Concat({path, ".", std::to_string(::getpid()), ".part"});
}

// Under another name first: a reader finds all of it or none.
absl::Status WriteText(const std::string& path, std::string_view text) {
  const std::string part = PartOf(path);
  std::ofstream file(part, std::ios::trunc);
  file << text;
  file.close();
  std::error_code error;
  if (file) fs::rename(part, path, error);
  if (file && !error) return absl::OkStatus();
  return absl::InternalError(Concat({path, ": ", error ? error.message() : "cannot be written"}));
}

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc()) return std::nullopt;
  return number;
}

bool Runs(const std::string& crash_record) {
  const std::optional<std::uint64_t> pid =
      ParseNumber(std::string_view(crash_record).substr(kCrashPrefix.size()));
  return pid && (::kill(static_cast<pid_t>(*pid), 0) == 0 || errno == EPERM);
}

std::vector<fs::path> FilesIn(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    files.push_back(it->path());
  }
  return files;
}

}  // namespace

absl::StatusOr<QuarantineFiles> QuarantineFiles::Open(const std::string& state_directory) {
  RETURN_IF_ERROR(PreparePrivateDirectory("state directory", state_directory));
  RETURN_IF_ERROR(PreparePrivateDirectory("state directory", state_directory + "/modules"));
  return QuarantineFiles(state_directory);
}

std::string QuarantineFiles::OwnCrashRecord() const {
  return Concat({directory_, "/", kCrashPrefix, std::to_string(::getpid()), ".json"});
}

std::vector<CrashRecord> QuarantineFiles::TakeCrashRecords() const {
  std::vector<CrashRecord> records;
  for (const fs::path& path : FilesIn(directory_)) {
    const std::string name = path.filename();
    if (!name.starts_with(kCrashPrefix)) continue;
    const std::optional<std::string> text = ReadText(path);
    // A number may have gone to another process, but only one that is dead has written something.
    if (!text || (text->empty() && Runs(name))) continue;
    if (const auto record = ParseCrashRecord(*text)) records.push_back(*record);
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  return records;
}

void QuarantineFiles::ForgetLoadedBefore(std::uint64_t when) const {
  for (const fs::path& module : FilesIn(directory_ + "/modules")) {
    for (const fs::path& file : FilesIn(module)) {
      if (file.extension() != ".loaded") continue;
      const std::optional<std::uint64_t> at =
          LoadedAt(module.filename().string(), file.stem().string());
      std::error_code ignored;
      if (at.value_or(0) < when) fs::remove(file, ignored);
    }
  }
}

std::string QuarantineFiles::PathOf(std::string_view module, std::string_view sha256,
                                    std::string_view suffix) const {
  return Concat({directory_, "/modules/", module, "/", sha256, suffix});
}

absl::Status QuarantineFiles::SetLoaded(std::string_view module, std::string_view sha256,
                                        std::uint64_t at) const {
  RETURN_IF_ERROR(
      PreparePrivateDirectory("state directory", Concat({directory_, "/modules/", module})));
  return WriteText(PathOf(module, sha256, ".loaded"), std::to_string(at));
}

std::optional<std::uint64_t> QuarantineFiles::LoadedAt(std::string_view module,
                                                       std::string_view sha256) const {
  const std::optional<std::string> text = ReadText(PathOf(module, sha256, ".loaded"));
  return text ? ParseNumber(*text) : std::nullopt;
}

bool QuarantineFiles::IsGood(std::string_view module, std::string_view sha256) const {
  std::error_code ignored;
  return fs::exists(PathOf(module, sha256, ".so"), ignored);
}

std::optional<QuarantineFiles::GoodCopy> QuarantineFiles::LastGood(std::string_view module) const {
  for (const fs::path& path : FilesIn(Concat({directory_, "/modules/", module}))) {
    if (path.extension() == ".so") return GoodCopy{path, path.stem()};
  }
  return std::nullopt;
}

absl::Status QuarantineFiles::SetGood(std::string_view module, std::string_view sha256,
                                      const std::string& file) const {
  const std::string path = PathOf(module, sha256, ".so");
  const std::string part = PartOf(path);
  std::error_code error;
  fs::remove(part, error);
  fs::copy_file(file, part, error);
  if (!error) fs::rename(part, path, error);
  if (error) return absl::InternalError(Concat({path, ": ", error.message()}));
  for (const fs::path& other : FilesIn(fs::path(path).parent_path())) {
    if (other.extension() == ".so" && other != path) fs::remove(other, error);
  }
  return absl::OkStatus();
}

absl::Status QuarantineFiles::SetCrashed(const CrashRecord& crash) const {
  const nlohmann::json text = {{"module", crash.module}, {"generation", crash.generation},
                               {"method", crash.method}, {"sha256", crash.sha256},
                               {"signal", crash.signal}, {"unix_seconds", crash.unix_seconds}};
  return WriteText(CrashPath(crash.module, crash.sha256), text.dump() + "\n");
}

std::optional<CrashRecord> QuarantineFiles::Crash(std::string_view module,
                                                  std::string_view sha256) const {
  const std::optional<std::string> text = ReadText(CrashPath(module, sha256));
  return text ? ParseCrashRecord(*text) : std::nullopt;
}

std::string QuarantineFiles::CrashPath(std::string_view module, std::string_view sha256) const {
  return PathOf(module, sha256, ".crash");
}

}  // namespace meshhost
