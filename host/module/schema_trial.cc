// SPDX-License-Identifier: Apache-2.0
#include "host/module/schema_trial.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "host/base/concat.h"
#include "host/base/unique_fd.h"
#include "host/module/module_instance.h"

namespace meshhost {
namespace {

constexpr unsigned kChildSeconds = 30;
constexpr char kSchema = 'S';
constexpr char kError = 'E';

// The child has nobody to tell.
class SilentLog final : public Log {
 public:
  bool Enabled(LogLevel) const override { return false; }
  void Write(LogLevel, std::string_view, std::span<const LogField>) override {}
};

class SilentHealth final : public HealthSink {
 public:
  void SetServing(std::string_view, std::string_view, bool) override {}
};

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Its end is _exit: nothing of the parent's may be flushed or destroyed twice.
[[noreturn]] void RunChild(const ModuleConfig& config, const std::string& run_directory, int fd) {
  ::alarm(kChildSeconds);
  Registry metrics({});
  SilentLog log;
  SilentHealth health;
  const ModuleEnvironment environment{metrics, log, health, run_directory};
  absl::StatusOr<std::string> schema = ModuleInstance::TrialSchema(config, environment);
  if (schema.ok()) {
    WriteAll(fd, Concat({std::string_view(&kSchema, 1), *schema}));
  } else {
    WriteAll(fd, Concat({std::string_view(&kError, 1), std::string(schema.status().message())}));
  }
  ::_exit(0);
}

std::string ReadAll(int fd) {
  std::string all;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return all;
    all.append(buffer, static_cast<std::size_t>(n));
  }
}

absl::StatusOr<std::string> Collect(pid_t child, int fd, const std::string& module_file) {
  const std::string answer = ReadAll(fd);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    return absl::InternalError(Concat({module_file, ": ended by signal ",
                                       ::strsignal(WTERMSIG(status)), " while it was created"}));
  }
  if (answer.empty()) {
    return absl::InternalError(Concat({module_file, ": ended the process while it was created"}));
  }
  if (answer.front() == kSchema) return answer.substr(1);
  return absl::FailedPreconditionError(answer.substr(1));
}

}  // namespace

absl::StatusOr<std::string> TrialSchema(const std::string& module_file,
                                        const ModulePolicy& policy) {
  std::string run_directory = std::filesystem::temp_directory_path() / "meshhost-trial-XXXXXX";
  if (::mkdtemp(run_directory.data()) == nullptr) {
    return absl::InternalError(Concat({run_directory, ": ", std::strerror(errno)}));
  }
  ModuleConfig config;
  config.name = "trial";
  config.path.path = module_file;
  config.allowed_libraries = policy.allowed_libraries;
  int ends[2];
  if (::pipe(ends) != 0) return absl::InternalError(Concat({"pipe: ", std::strerror(errno)}));
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    reader.reset();
    RunChild(config, run_directory, writer.get());
  }
  writer.reset();
  absl::StatusOr<std::string> schema = absl::InternalError("fork failed");
  if (child > 0) schema = Collect(child, reader.get(), module_file);
  // The child ended without taking its copy away.
  std::error_code ignored;
  std::filesystem::remove_all(run_directory, ignored);
  return schema;
}

}  // namespace meshhost
