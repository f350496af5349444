// SPDX-License-Identifier: Apache-2.0
//
// fork and going on was dropped: the child of a process with threads may only call what is safe in
// a signal handler. vfork and exec at once, which is what posix_spawn does, has no such limit and
// copies no page tables either.
#include "host/base/spawn_plan.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "absl/status/status.h"
#include "host/base/concat.h"

namespace meshhost {
namespace {

// posix_spawn wants pointers to what it will not change.
std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

SpawnPlan::SpawnPlan() {
  ::posix_spawn_file_actions_init(&files_);
  ::posix_spawnattr_init(&attributes_);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes_, &none);
  ::posix_spawnattr_setsigdefault(&attributes_, &all);
  ::posix_spawnattr_setpgroup(&attributes_, 0);
  ::posix_spawnattr_setflags(
      &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

SpawnPlan::~SpawnPlan() {
  ::posix_spawnattr_destroy(&attributes_);
  ::posix_spawn_file_actions_destroy(&files_);
}

void SpawnPlan::Place(const UniqueFd& fd, int as) {
  ::posix_spawn_file_actions_adddup2(&files_, fd.get(), as);
}

void SpawnPlan::CloseFrom(int lowest) {
  ::posix_spawn_file_actions_addclosefrom_np(&files_, lowest);
}

absl::StatusOr<pid_t> SpawnPlan::Spawn(const std::string& executable,
                                       const std::vector<std::string>& arguments,
                                       const std::vector<std::string>& environment) const {
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, executable.c_str(), &files_, &attributes_,
                                  Pointers(arguments).data(), Pointers(environment).data());
  if (error == 0) return pid;
  return absl::InternalError(Concat({executable, ": ", std::strerror(error)}));
}

std::vector<std::string> CurrentEnvironment() {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  return environment;
}

std::string DescribeEnd(int wait_status) {
  if (!WIFSIGNALED(wait_status)) {
    return Concat({"exited with code ", std::to_string(WEXITSTATUS(wait_status))});
  }
  const int number = WTERMSIG(wait_status);
  const char* name = ::sigabbrev_np(number);
  return Concat({"killed by SIG", name == nullptr ? std::to_string(number) : std::string(name),
                 " (", ::strsignal(number), ")"});
}

}  // namespace meshhost
