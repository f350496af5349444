// SPDX-License-Identifier: Apache-2.0
//
// What the process says when it dies of SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT: one line on
// standard error that names the module, generation and method whose code was running, and the same
// as a record in a file for the next start (quarantine.h). Then the signal takes its course: the
// handlers of before are put back, so a core dump or a sanitizer's report shows the fault itself.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace meshhost {

// Signal handlers are the process's, so there is one of these at a time. Owned by main's thread;
// dying, it puts back the handlers of before.
class CrashHandler final {
 public:
  CrashHandler();
  ~CrashHandler();
  CrashHandler(const CrashHandler&) = delete;
  CrashHandler& operator=(const CrashHandler&) = delete;
};

// Where CrashHandler writes its record to, made beforehand since a process that dies cannot make
// any. One at a time. Dying, it removes the file, which is still empty then. Control thread.
class CrashRecordFile final {
 public:
  [[nodiscard]] static absl::StatusOr<CrashRecordFile> Create(const std::string& path);
  CrashRecordFile(CrashRecordFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  CrashRecordFile& operator=(CrashRecordFile&&) = delete;
  ~CrashRecordFile();

 private:
  explicit CrashRecordFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace meshhost
