// SPDX-License-Identifier: Apache-2.0
//
// The handler runs in a process of which nothing is sure any more: it takes no lock, allocates
// nothing, and calls write, time and sigaction only. Two threads may die at once; the first one
// speaks, and the other waits for the end that the first one brings.
//
// A signal that somebody else sent says nothing about the code that happened to be interrupted, so
// only faults of the thread itself, and abort(), are blamed on a module.
#include "host/module/crash_handler.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>

#include "host/base/concat.h"
#include "host/module/crossing.h"

namespace meshhost {
namespace {

struct FatalSignal {
  int number;
  std::string_view name;
};
constexpr std::array<FatalSignal, 5> kFatal = {{{SIGSEGV, "SIGSEGV"},
                                                {SIGBUS, "SIGBUS"},
                                                {SIGILL, "SIGILL"},
                                                {SIGFPE, "SIGFPE"},
                                                {SIGABRT, "SIGABRT"}}};

// A handler has no other way to anything. Written before the handlers are installed.
std::array<struct sigaction, kFatal.size()> before;
std::atomic<int> record_fd{-1};
std::atomic_flag speaking;

std::string_view NameOf(int number) {
  for (const FatalSignal& fatal : kFatal) {
    if (fatal.number == number) return fatal.name;
  }
  return "signal";
}

// Text of bounded length on the stack; what does not fit is cut off.
class Line final {
 public:
  Line& Add(std::string_view text) {
    for (char c : text) Push(c);
    return *this;
  }
  // Inside a JSON string.
  Line& AddQuoted(std::string_view text) {
    for (char c : text) {
      if (c == '"' || c == '\\') Push('\\');
      Push(static_cast<unsigned char>(c) < ' ' ? ' ' : c);
    }
    return *this;
  }
  Line& AddNumber(std::uint64_t number) {
    char digits[20];
    std::size_t n = 0;
    do {
      digits[n++] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    while (n > 0) Push(digits[--n]);
    return *this;
  }
  void WriteTo(int fd) const {
    const char* from = text_;
    std::size_t left = size_;
    while (left > 0) {
      const ssize_t n = ::write(fd, from, left);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      from += n;
      left -= static_cast<std::size_t>(n);
    }
  }

 private:
  void Push(char c) {
    if (size_ < sizeof(text_)) text_[size_++] = c;
  }

  char text_[1024];
  std::size_t size_ = 0;
};

void Tell(std::string_view signal, const CrossingMark* mark, const siginfo_t& info) {
  Line line;
  line.Add("meshhost: killed by ").Add(signal);
  if (info.si_code <= 0 && info.si_pid != ::getpid()) {
    line.Add(" (sent by process ").AddNumber(static_cast<std::uint64_t>(info.si_pid)).Add(")");
  }
  if (mark == nullptr) {
    line.Add(" outside of any module");
  } else {
    line.Add(" in module \"").Add(mark->module);
    line.Add("\", generation ").AddNumber(mark->generation);
    line.Add(", method \"").Add(mark->method).Add("\", sha256 ").Add(mark->sha256);
  }
  line.Add("\n").WriteTo(STDERR_FILENO);
}

void Record(std::string_view signal, const CrossingMark& mark) {
  const int fd = record_fd.load();
  if (fd < 0) return;
  Line line;
  line.Add("{\"module\": \"").AddQuoted(mark.module);
  line.Add("\", \"generation\": ").AddNumber(mark.generation);
  line.Add(", \"method\": \"").AddQuoted(mark.method);
  line.Add("\", \"sha256\": \"").AddQuoted(mark.sha256);
  line.Add("\", \"signal\": \"").Add(signal);
  line.Add("\", \"unix_seconds\": ").AddNumber(static_cast<std::uint64_t>(::time(nullptr)));
  line.Add("}\n").WriteTo(fd);
}

void PutBack() {
  for (std::size_t i = 0; i < kFatal.size(); ++i) {
    ::sigaction(kFatal[i].number, &before[i], nullptr);
  }
}

void OnFatalSignal(int number, siginfo_t* info, void*) {
  // The signal is blocked meanwhile, so a second fault of this thread ends the process at once.
  while (speaking.test_and_set()) ::pause();
  const CrossingMark* mark = Crossing::Current();
  const bool own = info->si_code > 0 || info->si_pid == ::getpid();
  Tell(NameOf(number), mark, *info);
  if (own && mark != nullptr) Record(NameOf(number), *mark);
  PutBack();
  // A fault happens again when the instruction is run again; what was sent has to be sent again. It
  // is delivered when this handler returns, where the stack is that of the fault.
  if (info->si_code <= 0) ::raise(number);
}

}  // namespace

CrashHandler::CrashHandler() {
  struct sigaction action = {};
  action.sa_sigaction = &OnFatalSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kFatal.size(); ++i) {
    ::sigaction(kFatal[i].number, nullptr, &before[i]);
  }
  for (const FatalSignal& fatal : kFatal) ::sigaction(fatal.number, &action, nullptr);
}

CrashHandler::~CrashHandler() { PutBack(); }

absl::StatusOr<CrashRecordFile> CrashRecordFile::Create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return absl::FailedPreconditionError(
        Concat({"crash record ", path, ": ", std::strerror(errno)}));
  }
  record_fd.store(fd);
  return CrashRecordFile(path);
}

CrashRecordFile::~CrashRecordFile() {
  if (path_.empty()) return;
  ::close(record_fd.exchange(-1));
  ::unlink(path_.c_str());
}

}  // namespace meshhost
