// SPDX-License-Identifier: Apache-2.0
#include "host/module/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "host/base/clock.h"
#include "host/base/concat.h"
#include "host/base/spawn_plan.h"
#include "host/base/status_macros.h"

namespace meshhost {
namespace {

// Above every number that the child's descriptors get, so that placing one overwrites no other.
constexpr int kLowestFd = 10;
constexpr std::size_t kKeptOutput = 4096;
constexpr std::size_t kMostLines = 1024 * 1024;
constexpr std::size_t kLastLines = 5;

absl::Status SystemError(std::string_view what, int error) {
  return absl::InternalError(Concat({what, ": ", std::strerror(error)}));
}

absl::StatusOr<UniqueFd> Raised(int fd) {
  UniqueFd low(fd);
  UniqueFd high(::fcntl(fd, F_DUPFD_CLOEXEC, kLowestFd));
  if (!high.valid()) return SystemError("fcntl", errno);
  return high;
}

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return SystemError("pipe", errno);
  UniqueFd writer(ends[1]);
  ASSIGN_OR_RETURN(UniqueFd reader, Raised(ends[0]));
  ASSIGN_OR_RETURN(writer, Raised(writer.release()));
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  return Pipe{std::move(reader), std::move(writer)};
}

// A file, not a pipe: it can be written at once, whether or not the child reads.
absl::StatusOr<UniqueFd> FileWith(std::string_view text) {
  const int fd = ::memfd_create("meshhost-child-input", MFD_CLOEXEC);
  if (fd < 0) return SystemError("memfd_create", errno);
  ASSIGN_OR_RETURN(UniqueFd file, Raised(fd));
  while (!text.empty()) {
    const ssize_t n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError("memfd", errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return SystemError("memfd", errno);
  return file;
}

// False: nothing more will come.
bool Append(int fd, std::string* text) {
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    text->append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::string& executable,
                                                 const std::vector<std::string>& arguments,
                                                 std::string_view input) {
  ASSIGN_OR_RETURN(const UniqueFd file, FileWith(input));
  ASSIGN_OR_RETURN(Pipe output, MakePipe());
  ASSIGN_OR_RETURN(Pipe lines, MakePipe());
  SpawnPlan plan;
  plan.Place(file, 0);
  plan.Place(output.writer, 1);
  plan.Place(output.writer, 2);
  plan.Place(lines.writer, kLines);
  plan.CloseFrom(kLines + 1);
  ASSIGN_OR_RETURN(const pid_t pid, plan.Spawn(executable, arguments, CurrentEnvironment()));
  return ChildProcess(pid, std::move(output.reader), std::move(lines.reader));
}

ChildProcess::ChildProcess(pid_t pid, UniqueFd output, UniqueFd lines)
    : pid_(pid),
      // Not through pidfd_open(), which the C library of Debian 12 does not declare for C++.
      exited_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
      output_(std::move(output)),
      lines_(std::move(lines)) {}

ChildProcess::~ChildProcess() { (void)End(); }

ChildProcess::Event ChildProcess::NextLine(std::uint64_t deadline_ns, std::string* line) {
  for (;;) {
    if (TakeLine(line)) return Event::kLine;
    // Descriptors that ended are -1, which poll passes over.
    pollfd polled[] = {
        {exited_.get(), POLLIN, 0}, {lines_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}};
    const std::uint64_t now = MonotonicNs();
    if (now >= deadline_ns) return Event::kTimeout;
    const std::uint64_t wait_ms =
        std::min<std::uint64_t>((deadline_ns - now) / 1'000'000 + 1, 60'000);
    if (::poll(polled, std::size(polled), static_cast<int>(wait_ms)) < 0 && errno != EINTR) {
      return Event::kEnded;
    }
    ReadAll();
    // The end of the pipe does not tell: what the child has started may hold it open.
    const bool ended = exited_.valid() ? polled[0].revents != 0 : !lines_.valid();
    if (ended) return TakeLine(line) ? Event::kLine : Event::kEnded;
  }
}

bool ChildProcess::TakeLine(std::string* line) {
  const std::size_t end = lines_text_.find('\n');
  if (end == std::string::npos) return false;
  *line = lines_text_.substr(0, end);
  lines_text_.erase(0, end + 1);
  return true;
}

void ChildProcess::ReadAll() {
  if (lines_.valid() && !Append(lines_.get(), &lines_text_)) lines_.reset();
  if (output_.valid() && !Append(output_.get(), &output_text_)) output_.reset();
  if (lines_text_.size() > kMostLines) lines_text_.clear();
  if (output_text_.size() > kKeptOutput) {
    output_text_.erase(0, output_text_.size() - kKeptOutput);
  }
}

std::string ChildProcess::End() {
  if (pid_.value == kNone) return "";
  const pid_t pid = std::exchange(pid_.value, kNone);
  // Before it is reaped, so that the group's number cannot belong to others yet.
  ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return Concat({"was lost: ", std::strerror(errno)});
  }
  ReadAll();
  return DescribeEnd(status);
}

std::string ChildProcess::LastWords() const {
  std::vector<std::string_view> lines;
  std::string_view rest = output_text_;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string words;
  const std::size_t first = lines.size() > kLastLines ? lines.size() - kLastLines : 0;
  for (std::size_t i = first; i < lines.size(); ++i) {
    if (!words.empty()) words += " | ";
    for (char c : lines[i]) words += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return words;
}

}  // namespace meshhost
