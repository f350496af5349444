// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"
#include "host/config/config.h"

namespace meshhost {

// Where log lines go: a file that is appended to, stdout or stderr. Owned by one log. Write()
// belongs to its writer thread, RequestReopen() to anybody.
class OutputFile final {
 public:
  // kOff is InvalidArgument: nobody should open it.
  static absl::StatusOr<OutputFile> Open(const LogOutput& output);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;

  // Writes all of it, or says why not; a part may have been written then.
  absl::Status Write(std::string_view bytes);

  // The next Write() opens the file anew under its name, since the old one was rotated away. If
  // that fails the old one is kept. No effect on stdout and stderr.
  void RequestReopen() { reopen_.store(true, std::memory_order_relaxed); }

 private:
  explicit OutputFile(std::string path) : path_(std::move(path)) {}
  absl::Status OpenPath();
  int fd() const;

  std::string path_;  // empty: stdout or stderr
  UniqueFd file_;
  int standard_fd_ = -1;
  std::atomic<bool> reopen_ = false;
};

}  // namespace meshhost
