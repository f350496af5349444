// SPDX-License-Identifier: Apache-2.0
#include "host/module/module_copy.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/base/unique_fd.h"
#include "host/module/module_bytes.h"
#include "host/module/private_directory.h"

namespace meshhost {
namespace {

absl::Status CopyError(std::string_view path, std::string_view what) {
  return absl::InternalError(Concat({"private copy ", path, ": ", what}));
}

// 16 hex digits that no earlier copy had, not even one of a process that is gone.
absl::StatusOr<std::string> RandomHex() {
  std::uint8_t random[8];
  if (::getrandom(random, sizeof(random), 0) != sizeof(random)) {
    return absl::InternalError(Concat({"getrandom: ", std::strerror(errno)}));
  }
  return Sha256Hex(random).substr(0, 16);
}

absl::Status WriteAll(const UniqueFd& fd, const std::string& path,
                      std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return CopyError(path, std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModuleCopy> ModuleCopy::Create(const std::string& run_directory,
                                              std::string_view name, std::string_view sha256,
                                              std::span<const std::uint8_t> bytes) {
  RETURN_IF_ERROR(PreparePrivateDirectory("run directory", run_directory));
  ASSIGN_OR_RETURN(const std::string random, RandomHex());
  std::string path = std::filesystem::absolute(run_directory) /
                     Concat({name, "-", sha256.substr(0, 12), "-", random, ".so"});
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0500));
  if (!fd.valid()) return CopyError(path, std::strerror(errno));
  ModuleCopy copy(std::move(path));
  RETURN_IF_ERROR(WriteAll(fd, copy.path_, bytes));
  // Whatever the umask was.
  if (::fchmod(fd.get(), 0500) != 0) return CopyError(copy.path_, std::strerror(errno));
  return copy;
}

ModuleCopy::ModuleCopy(ModuleCopy&& other) noexcept : path_(std::exchange(other.path_, {})) {}

ModuleCopy& ModuleCopy::operator=(ModuleCopy&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

ModuleCopy::~ModuleCopy() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace meshhost
