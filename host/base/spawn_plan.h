// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spawn.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"

namespace meshhost {

// How a program is started, by posix_spawn: the caller may have many threads. It begins with no
// signal blocked or handled, leads a process group of its own, and has the descriptors that are
// said here beside those that are open across exec. One thread at a time.
class SpawnPlan final {
 public:
  SpawnPlan();
  ~SpawnPlan();
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // `fd` becomes number `as`. In the order of the calls: none may overwrite one that comes later.
  void Place(const UniqueFd& fd, int as);
  // After all of Place. Listening sockets above all: a child that holds one would take connections
  // and serve none.
  void CloseFrom(int lowest);

  // Errors, also those of execve, name the program. The caller waits for the process.
  absl::StatusOr<pid_t> Spawn(const std::string& executable,
                              const std::vector<std::string>& arguments,
                              const std::vector<std::string>& environment) const;

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

// "NAME=VALUE" as this process has them.
std::vector<std::string> CurrentEnvironment();

// How a process ended, by what waitpid said: "killed by SIGSEGV (Segmentation fault)", "exited with
// code 3".
std::string DescribeEnd(int wait_status);

}  // namespace meshhost
