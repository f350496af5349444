// SPDX-License-Identifier: Apache-2.0
#include "host/module/private_directory.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "host/base/concat.h"

namespace meshhost {

absl::Status PreparePrivateDirectory(std::string_view what, const std::string& directory) {
  std::error_code error;
  if (std::filesystem::create_directories(directory, error)) ::chmod(directory.c_str(), 0700);
  if (error) {
    return absl::FailedPreconditionError(Concat({what, " ", directory, ": ", error.message()}));
  }
  struct stat status;
  if (::stat(directory.c_str(), &status) != 0) {
    return absl::FailedPreconditionError(
        Concat({what, " ", directory, ": ", std::strerror(errno)}));
  }
  if (status.st_mode & S_IWOTH) {
    return absl::FailedPreconditionError(
        Concat({what, " ", directory,
                ": writable by everybody, so anybody could replace code of the host; chmod o-w"}));
  }
  return absl::OkStatus();
}

}  // namespace meshhost
