// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host/base/unique_fd.h"

namespace meshhost {

// A program that is run to see whether it survives. It starts by posix_spawn, so the caller may
// have many threads; it inherits nothing but what is said here, leads a process group of its own,
// and is killed with all of that group when this object dies. Owned by whoever started it; one
// thread, which must not end before the child does.
class ChildProcess final {
 public:
  // The child's descriptors: 0 reads `input`; 1 and 2 are its output, of which the end is kept; 3
  // takes lines for NextLine.
  static constexpr int kLines = 3;

  [[nodiscard]] static absl::StatusOr<ChildProcess> Start(const std::string& executable,
                                                          const std::vector<std::string>& arguments,
                                                          std::string_view input);
  ChildProcess(ChildProcess&&) = default;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  enum class Event { kLine, kEnded, kTimeout };
  // Waits for the next whole line on kLines; kEnded: the child is gone, and no line is left.
  Event NextLine(std::uint64_t deadline_ns, std::string* line);

  // Kills what still runs and says how it ended: "killed by SIGSEGV (Segmentation fault)", "exited
  // with code 3".
  std::string End();
  // The last lines of its output, control characters replaced; empty when it said nothing.
  std::string LastWords() const;

 private:
  // Never a child: what a moved-from object holds.
  static constexpr pid_t kNone = 0;
  struct Pid {
    explicit Pid(pid_t pid) : value(pid) {}
    Pid(Pid&& other) noexcept : value(std::exchange(other.value, kNone)) {}
    pid_t value;
  };

  ChildProcess(pid_t pid, UniqueFd output, UniqueFd lines);
  bool TakeLine(std::string* line);
  void ReadAll();

  Pid pid_;
  UniqueFd exited_;  // becomes readable when the child has ended
  UniqueFd output_;
  UniqueFd lines_;
  std::string output_text_;
  std::string lines_text_;
};

}  // namespace meshhost
