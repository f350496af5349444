// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/output_file.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"

namespace meshhost {
namespace {

std::string ErrorText(int error) { return std::system_category().message(error); }

}  // namespace

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::move(other.file_)),
      standard_fd_(other.standard_fd_),
      reopen_(other.reopen_.load(std::memory_order_relaxed)) {}

absl::StatusOr<OutputFile> OutputFile::Open(const LogOutput& output) {
  OutputFile file(output.path);
  switch (output.kind) {
    case LogOutput::Kind::kOff:
      return absl::InvalidArgumentError("log output is off");
    case LogOutput::Kind::kStdout:
      file.standard_fd_ = STDOUT_FILENO;
      break;
    case LogOutput::Kind::kStderr:
      file.standard_fd_ = STDERR_FILENO;
      break;
    case LogOutput::Kind::kFile:
      RETURN_IF_ERROR(file.OpenPath());
      break;
  }
  return file;
}

absl::Status OutputFile::OpenPath() {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0)
    return absl::UnavailableError(Concat({"log file \"", path_, "\": ", ErrorText(errno)}));
  file_.reset(fd);
  return absl::OkStatus();
}

int OutputFile::fd() const { return standard_fd_ >= 0 ? standard_fd_ : file_.get(); }

absl::Status OutputFile::Write(std::string_view bytes) {
  if (reopen_.exchange(false, std::memory_order_relaxed) && standard_fd_ < 0) {
    // A log that cannot be reopened is better continued than lost.
    OpenPath().IgnoreError();
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd(), bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    // Whoever gave us stdout may have made it non-blocking.
    pollfd writable{.fd = fd(), .events = POLLOUT, .revents = 0};
    if (errno == EAGAIN && ::poll(&writable, 1, 1000) > 0) continue;
    return absl::UnavailableError(Concat(
        {"log ", path_.empty() ? std::string_view("output") : path_, ": ", ErrorText(errno)}));
  }
  return absl::OkStatus();
}

}  // namespace meshhost
